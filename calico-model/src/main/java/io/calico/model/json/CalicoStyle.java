package io.calico.model.json;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import javax.annotation.processing.Generated;
import org.immutables.value.Value;

/**
 * How every Immutables value of the project is generated: the generated class stays package-private behind a {@code
 * Builder} nested in the value, and collections are the JDK's unmodifiable ones.
 */
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.TYPE, ElementType.PACKAGE})
@Value.Style(
        visibility = Value.Style.ImplementationVisibility.PACKAGE,
        overshadowImplementation = true,
        jdkOnly = true,
        jdk9Collections = true,
        // Only what comes with the JDK: whoever compiles against a value need not have the generator's annotations.
        allowedClasspathAnnotations = Generated.class)
public @interface CalicoStyle {}
