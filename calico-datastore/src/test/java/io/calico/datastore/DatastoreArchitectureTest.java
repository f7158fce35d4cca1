package io.calico.datastore;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the packages of this module. */
@AnalyzeClasses(packages = "io.calico.datastore", importOptions = DoNotIncludeTests.class)
class DatastoreArchitectureTest {
    private static final String ROOT = "io.calico.datastore";
    private static final String SPI = "io.calico.datastore.spi";
    private static final String SQLITE = "io.calico.datastore.sqlite";
    private static final String ETCD = "io.calico.datastore.etcd";
    private static final String TESTKIT = "io.calico.datastore.testkit";
    private static final String SYNCER = "io.calico.datastore.syncer";

    @ArchTest
    static final ArchRule spiKnowsNothingOfOurs = knowsOnly(SPI, SPI);

    @ArchTest
    static final ArchRule memoryKnowsSpiOnly = knowsOnly("io.calico.datastore.memory", SPI);

    @ArchTest
    static final ArchRule sqliteKnowsSpiOnly = knowsOnly(SQLITE, SPI);

    @ArchTest
    static final ArchRule unixKnowsSpiOnly = knowsOnly("io.calico.datastore.unix", SPI);

    @ArchTest
    static final ArchRule etcdKnowsSpiOnly = knowsOnly(ETCD, SPI);

    @ArchTest
    static final ArchRule testkitKnowsSpiAndTheApi = knowsOnly(TESTKIT, SPI, ROOT);

    @ArchTest
    static final ArchRule syncerKnowsSpiAndTheApi = knowsOnly(SYNCER, SPI, ROOT);

    @ArchTest
    static final ArchRule apiKnowsNoProvider = knowsOnly(ROOT, SPI, "io.calico.model..");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.calico.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule onlySqliteKnowsDatabases = noClasses()
            .that()
            .resideOutsideOfPackage(SQLITE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.sqlite..");

    @ArchTest
    static final ArchRule onlyTheKitKnowsTests = noClasses()
            .that()
            .resideOutsideOfPackage(TESTKIT)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.junit..", "org.assertj..");

    @ArchTest
    static final ArchRule onlyEtcdKnowsGrpc = noClasses()
            .that()
            .resideOutsideOfPackage(ETCD)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.etcd..", "io.grpc..", "com.google.protobuf..", "com.google.common..");

    @ArchTest
    static final ArchRule nothingHereIsOfTheNetworkOrAnotherProcess = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage("io.netty..").or(type(ProcessBuilder.class)));

    private static ArchRule knowsOnly(String of, String... others) {
        return noClasses()
                .that()
                .resideInAPackage(of)
                .should()
                .dependOnClassesThat(resideInAPackage("io.calico..")
                        .and(not(resideInAPackage(of)))
                        .and(not(resideInAnyPackage(others))));
    }
}
