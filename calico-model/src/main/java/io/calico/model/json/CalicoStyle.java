package io.calico.model.json;

import com.fasterxml.jackson.annotation.JacksonAnnotationsInside;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import javax.annotation.processing.Generated;
import org.immutables.value.Value;

/**
 * How every Immutables value of the project is generated: the generated class stays package-private behind a {@code
 * Builder} nested in the value, collections are the JDK's unmodifiable ones, and empty {@code Optional}s are left out of
 * JSON.
 */
// Jackson reads it at run time; with CLASS its settings would be ignored without a word.
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.PACKAGE})
@JacksonAnnotationsInside
@JsonSerialize
@JsonInclude(JsonInclude.Include.NON_ABSENT)
@Value.Style(
        visibility = Value.Style.ImplementationVisibility.PACKAGE,
        overshadowImplementation = true,
        jdkOnly = true,
        jdk9Collections = true,
        // Only what comes with the JDK: whoever compiles against a value need not have the generator's annotations.
        allowedClasspathAnnotations = Generated.class)
public @interface CalicoStyle {}
