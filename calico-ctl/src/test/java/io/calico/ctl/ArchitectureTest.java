package io.calico.ctl;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module may know of the others. */
@AnalyzeClasses(packages = "io.calico.ctl", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule commandKnowsNoKernelAndNoDataplane = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.calico.dataplane..", "com.sun.jna..", "io.netty..");

    @ArchTest
    static final ArchRule internalsOfOtherModulesAreTheirOwn =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("io.calico.(*)..internal..");

    @ArchTest
    static final ArchRule onlyTheOptionSyntaxKnowsPicocli = noClasses()
            .that()
            .haveNameNotMatching("io\\.calico\\.ctl\\.OptionSyntax(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("picocli..");

    @ArchTest
    static final ArchRule onlyTheNodeProcessStartsProcesses = noClasses()
            .that()
            .haveNameNotMatching("io\\.calico\\.ctl\\.NodeProcess(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ProcessBuilder");

    @ArchTest
    static final ArchRule onlyTheEntryPointIsPublic = classes()
            .that()
            .doNotHaveSimpleName("Calicoctl")
            .and()
            .areTopLevelClasses()
            .should()
            .notBePublic();
}
