package io.calico.policy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.calico.policy", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule policyKnowsOnlyTheModel = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "io.calico.policy..",
                    "io.calico.model..",
                    "java.lang..",
                    "java.util..",
                    "org.jspecify.annotations..");

    @ArchTest
    static final ArchRule compilerDoesNotKnowItsTestkit = noClasses()
            .that()
            .resideInAPackage("io.calico.policy")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.calico.policy.testkit");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.calico.(policy..)").should().beFreeOfCycles();
}
