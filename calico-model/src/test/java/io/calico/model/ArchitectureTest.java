package io.calico.model;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;

/** The arrows between the packages of this module, and what it may not touch. */
@AnalyzeClasses(packages = "io.calico.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule moduleUsesNoOtherModule = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("io.calico..").and(not(resideInAPackage("io.calico.model.."))));

    @ArchTest
    static final ArchRule moduleUsesOnlyJacksonsTreesAndAnnotations = classes()
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                            "java..",
                            "javax.annotation.processing",
                            "com.fasterxml.jackson.core..",
                            "com.fasterxml.jackson.databind.node",
                            "org.immutables.value..",
                            "org.jspecify..",
                            "io.calico.model..")
                    .or(belongToAnyOf(JsonNode.class)));

    @ArchTest
    static final ArchRule addressesKnowNoOtherPackage = classes()
            .that()
            .resideInAPackage("io.calico.model.net")
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("io.calico.model.net", "java.lang..", "java.util..", "org.jspecify.."));

    @ArchTest
    static final ArchRule jsonKnowsNoValue = noClasses()
            .that()
            .resideInAPackage("io.calico.model.json")
            .should()
            .dependOnClassesThat(
                    resideInAPackage("io.calico.model..").and(not(resideInAPackage("io.calico.model.json"))));

    @ArchTest
    static final ArchRule rulesKnowOnlyAddressesAndJson = noClasses()
            .that()
            .resideInAPackage("io.calico.model.rule")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.calico.model");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.calico.model.(**)").should().beFreeOfCycles();

    /** Text in memory is no output. */
    private static final DescribedPredicate<JavaClass> MEMORY_ONLY =
            belongToAnyOf(IOException.class, UncheckedIOException.class, StringWriter.class, Writer.class);

    @ArchTest
    static final ArchRule nothingHereLogsRunsThreadsOrDoesInputAndOutput = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                            "java.io..",
                            "java.net..",
                            "java.nio..",
                            "java.sql..",
                            "java.util.concurrent..",
                            "java.util.logging..",
                            "org.slf4j..")
                    .and(not(MEMORY_ONLY)))
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(Thread.class, ThreadLocal.class, Runtime.class, ProcessBuilder.class);

    @ArchTest
    static final ArchRule generatedClassesStayInside =
            classes().that().haveSimpleNameStartingWith("Immutable").should().bePackagePrivate();
}
