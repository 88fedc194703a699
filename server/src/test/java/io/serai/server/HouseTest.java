package io.serai.server;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Holds every line of the plan of the house (docs/architecture.md). */
@AnalyzeClasses(
        packages = "io.serai",
        importOptions = {ImportOption.DoNotIncludeTests.class, HouseTest.WithoutTestJars.class})
class HouseTest {
    private static final int MOST_TYPES_IN_A_PACKAGE = 30;

    /** The test support that a neighbour lends is not part of the house. */
    static final class WithoutTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule configDependsOnNothingOfOurs = noClasses()
            .that()
            .resideInAPackage("io.serai.config..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.serai.endpoint..",
                    "io.serai.cluster..",
                    "io.serai.route..",
                    "io.serai.edge..",
                    "io.serai.server..",
                    "org.apache.camel..",
                    "java.sql.."));

    @ArchTest
    static final ArchRule endpointsKnowNoDatabase = noClasses()
            .that()
            .resideInAPackage("io.serai.endpoint..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.serai.cluster..", "io.serai.route..", "io.serai.edge..", "io.serai.server..", "java.sql.."));

    @ArchTest
    static final ArchRule coordinationKnowsNoProtocol = noClasses()
            .that()
            .resideInAPackage("io.serai.cluster..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.serai.endpoint..",
                    "io.serai.route..",
                    "io.serai.edge..",
                    "io.serai.server..",
                    "org.apache.sshd..",
                    "org.apache.ftpserver..",
                    "io.vertx.."));

    @ArchTest
    static final ArchRule routesDoNotKnowTheServer = noClasses()
            .that()
            .resideInAPackage("io.serai.route..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("io.serai.server..", "io.serai.edge.."));

    @ArchTest
    static final ArchRule theEdgeKnowsNoDatabase = noClasses()
            .that()
            .resideInAPackage("io.serai.edge..")
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage("io.serai.cluster..", "io.serai.route..", "io.serai.server..", "java.sql.."));

    @ArchTest
    static final ArchRule statementsAreMadeInCoordinationAlone = noClasses()
            .that()
            .resideOutsideOfPackage("io.serai.cluster..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("java\\.sql\\.(Statement|PreparedStatement|CallableStatement|ResultSet)");

    @ArchTest
    static final ArchRule partnersHaveNoWayToTheAdminApi = noClasses()
            .that()
            .resideInAnyPackage("io.serai.endpoint..", "io.serai.route..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.serai.server..");

    @ArchTest
    static final ArchRule nothingIsSerialised =
            noClasses().should().dependOnClassesThat().haveNameMatching("java\\.io\\.Object(In|Out)putStream");

    @ArchTest
    static final ArchRule packagesAreNamedBySubject = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..common..", "..model..", "..dto..", "..service..", "..impl..");

    @ArchTest
    static final ArchRule exceptionsThatLeaveTheirPackageAreOne = classes()
            .that()
            .areAssignableTo(RuntimeException.class)
            .and()
            .arePublic()
            .should()
            .haveSimpleName("SeraiException");

    @ArchTest
    static void packagesStaySmall(JavaClasses all) {
        Map<String, Long> sizes = all.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .filter(type -> !type.getSimpleName().matches(".*(Configurer|UriFactory)"))
                .collect(Collectors.groupingBy(JavaClass::getPackageName, TreeMap::new, Collectors.counting()));
        assertThat(sizes.entrySet().stream().filter(e -> e.getValue() > MOST_TYPES_IN_A_PACKAGE))
                .as("packages with more than %d types", MOST_TYPES_IN_A_PACKAGE)
                .isEmpty();
    }
}
