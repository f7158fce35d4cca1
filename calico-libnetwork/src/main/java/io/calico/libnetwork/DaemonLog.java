package io.calico.libnetwork;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.DefaultJoranConfigurator;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;
import ch.qos.logback.core.util.FileSize;
import java.util.Properties;

/**
 * Where the daemon logs to. It sets {@code calico.log.to} ({@code file}, {@code journal}, or nothing for standard error),
 * {@code calico.log.directory} and {@code calico.log.level}; an operator may give {@code -Dlogback.configurationFile=FILE} in
 * {@code CALICO_JAVA_OPTS} instead. In files at most 60 MB: {@code node.log} and five older ones.
 *
 * <p>Only the bundle registers this class with logback; the library jar leaves logs to who embeds it. It is code because
 * an XML file would have each daemon load an XML parser and what reads such files, just to be told this.
 */
public final class DaemonLog extends ContextAwareBase implements Configurator {
    /** What others sent is in some messages: it is kept on one line and not too long. */
    private static final String WHERE_AND_WHAT = "%logger{0} [%thread]: %replace(%.-4000msg){'\\p{Cntrl}+',' '}%n";

    private static final String FILE_PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level " + WHERE_AND_WHAT;

    private static final String STDERR_PATTERN = "%d{HH:mm:ss.SSS} %-5level " + WHERE_AND_WHAT;

    /** The journal has its own clock, and takes the severity from the start of a line: sd-daemon(3). */
    private static final String JOURNAL_PATTERN = "%replace(%replace(%replace(%replace(%level)"
            + "{'ERROR','<3>'}){'WARN','<4>'}){'INFO','<6>'}){'DEBUG|TRACE','<7>'}" + WHERE_AND_WHAT;

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty("logback.configurationFile") != null) {
            DefaultJoranConfigurator operators = new DefaultJoranConfigurator();
            operators.setContext(context);
            if (operators.configure(context) == ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY) {
                return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
            }
            // There is no such file.
        }
        configure(context, System.getProperties());
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    static void configure(LoggerContext context, Properties settings) {
        // Else logback tells standard error of each file that it cannot write.
        context.getStatusManager().add(new NopStatusListener());
        // It warns, with stack traces, on hosts without a network card, of what nothing of ours uses.
        context.getLogger("io.netty").setLevel(Level.ERROR);
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.toLevel(settings.getProperty("calico.log.level"), Level.INFO));
        root.addAppender(
                switch (settings.getProperty("calico.log.to", "")) {
                    case "file" -> files(context, settings.getProperty("calico.log.directory", "."));
                    case "journal" -> standardError(context, JOURNAL_PATTERN);
                    default -> standardError(context, STDERR_PATTERN);
                });
    }

    private static OutputStreamAppender<ILoggingEvent> files(LoggerContext context, String directory) {
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setFile(directory + "/node.log");

        FixedWindowRollingPolicy older = new FixedWindowRollingPolicy();
        older.setContext(context);
        older.setParent(appender);
        older.setFileNamePattern(directory + "/node.%i.log");
        older.setMinIndex(1);
        older.setMaxIndex(5);
        older.start();
        appender.setRollingPolicy(older);

        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(new FileSize(10 * FileSize.MB_COEFFICIENT));
        size.start();
        appender.setTriggeringPolicy(size);
        return started(appender, context, FILE_PATTERN);
    }

    private static OutputStreamAppender<ILoggingEvent> standardError(LoggerContext context, String pattern) {
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setTarget("System.err");
        return started(appender, context, pattern);
    }

    private static OutputStreamAppender<ILoggingEvent> started(
            OutputStreamAppender<ILoggingEvent> appender, LoggerContext context, String pattern) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(pattern);
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }
}
