package io.calico.ipam;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.calico.datastore.spi.Datastore;
import java.time.Clock;

/** The arrows between the packages of this module, and what it may not touch. */
@AnalyzeClasses(packages = "io.calico.ipam", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule moduleKnowsTheModelAndTheDatastoresApiOnly = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("io.calico..")
                    .and(not(resideInAnyPackage(
                            "io.calico.ipam..",
                            "io.calico.model..",
                            "io.calico.datastore",
                            "io.calico.datastore.spi"))));

    @ArchTest
    static final ArchRule blocksArePure = noClasses()
            .that()
            .resideInAPackage("io.calico.ipam.internal")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.calico.ipam",
                    "io.calico.ipam.internal.view",
                    "io.calico.datastore..",
                    "org.slf4j..",
                    "java.util.concurrent.."))
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(Clock.class, Thread.class);

    @ArchTest
    static final ArchRule viewCallsNoStore = noClasses()
            .that()
            .resideInAPackage("io.calico.ipam.internal.view")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Datastore.class);

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.calico.ipam.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule generatedClassesStayInside =
            classes().that().haveSimpleNameStartingWith("Immutable").should().bePackagePrivate();

    @ArchTest
    static final ArchRule nothingHereKnowsFilesSocketsOrProcesses = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "java.nio", "java.nio.channels..", "java.nio.file..", "java.net..", "java.sql.."))
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(ProcessBuilder.class, Runtime.class);
}
