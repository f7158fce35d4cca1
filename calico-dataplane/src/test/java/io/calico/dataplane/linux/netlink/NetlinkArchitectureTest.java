package io.calico.dataplane.linux.netlink;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the netlink client may use, and what nobody else may. */
@AnalyzeClasses(packages = "io.calico.dataplane", importOptions = ImportOption.DoNotIncludeTests.class)
class NetlinkArchitectureTest {
    @ArchTest
    static final ArchRule netlinkKnowsNothingOfOursButAddresses = classes()
            .that()
            .resideInAPackage("io.calico.dataplane.linux.netlink")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                    "java..",
                    "com.sun.jna",
                    "io.calico.model.net",
                    "io.calico.dataplane.linux.netlink",
                    "org.immutables.value..",
                    "org.jspecify..",
                    "com.google.errorprone.annotations.."));

    @ArchTest
    static final ArchRule systemCallsAreMadeInOnePackage = noClasses()
            .that()
            .resideOutsideOfPackage("io.calico.dataplane.linux.netlink")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");
}
