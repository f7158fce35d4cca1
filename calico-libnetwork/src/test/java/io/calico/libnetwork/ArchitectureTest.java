package io.calico.libnetwork;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.fasterxml.jackson.core.ObjectCodec;
import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the packages of this module, and what it may not touch. */
@AnalyzeClasses(packages = "io.calico.libnetwork", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.calico.libnetwork.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule onlyTheServerKnowsNetty = noClasses()
            .that()
            .resideOutsideOfPackage("io.calico.libnetwork.http")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty..");

    /** Making one loads some 500 classes, which a daemon would keep in memory. */
    @ArchTest
    static final ArchRule jsonIsReadAndWrittenWithoutAMapper = noClasses()
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ObjectCodec.class)
            .orShould()
            .callMethodWhere(target(owner(assignableTo(JsonNode.class)))
                    .and(target(name("toString").or(name("toPrettyString")))));

    @ArchTest
    static final ArchRule onlyTheBundlesSettingsKnowLogback = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("io.calico.libnetwork.DaemonLog")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ch.qos.logback..");

    @ArchTest
    static final ArchRule theServerKnowsNothingOfOursButHowJsonIsReadAndWritten = noClasses()
            .that()
            .resideInAPackage("io.calico.libnetwork.http")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.calico.libnetwork",
                    "io.calico.libnetwork.network",
                    "io.calico.libnetwork.ipam",
                    "io.calico.libnetwork.engine",
                    "io.calico.model",
                    "io.calico.model.net",
                    "io.calico.model.rule",
                    "io.calico.datastore..",
                    "io.calico.ipam..",
                    "io.calico.policy..",
                    "io.calico.dataplane..");

    @ArchTest
    static final ArchRule noDriverCallAsksTheEngine = noClasses()
            .that()
            .resideInAnyPackage("io.calico.libnetwork.network", "io.calico.libnetwork.ipam")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.calico.libnetwork.engine");

    @ArchTest
    static final ArchRule onlyTheCompositionKnowsTheKernel = noClasses()
            .that()
            .resideOutsideOfPackage("io.calico.libnetwork")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.calico.dataplane.linux..");

    @ArchTest
    static final ArchRule nobodyStartsProgramsOrTalksToDatabases = noClasses()
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ProcessBuilder")
            .orShould()
            .callMethodWhere(target(name("exec")).and(target(owner(type(Runtime.class)))))
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.sqlite..", "com.sun.jna..");

    @ArchTest
    static final ArchRule requestsAndAnswersAreHidden = classes()
            .that()
            .haveSimpleNameEndingWith("Request")
            .or()
            .haveSimpleNameEndingWith("Answer")
            .should()
            .bePackagePrivate();
}
