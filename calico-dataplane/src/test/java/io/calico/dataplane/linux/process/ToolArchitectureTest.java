package io.calico.dataplane.linux.process;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Programs are started in one place, with lists of arguments: no text of a user ever reaches a shell. */
@AnalyzeClasses(packages = "io.calico.dataplane", importOptions = ImportOption.DoNotIncludeTests.class)
class ToolArchitectureTest {
    @ArchTest
    static final ArchRule onlyToolsStartPrograms = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(Tool.class.getName())
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(ProcessBuilder.class, Runtime.class);
}
