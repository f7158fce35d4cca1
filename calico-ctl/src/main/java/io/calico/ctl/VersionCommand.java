package io.calico.ctl;

import java.util.List;
import java.util.Map;

/** {@code calicoctl version}. */
final class VersionCommand implements CommandGroup {
    @Override
    public String name() {
        return "version";
    }

    @Override
    public String summary() {
        return "Print the version of calicoctl.";
    }

    @Override
    public List<Form> forms() {
        return List.of(Form.of("", VersionCommand::printVersion));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of();
    }

    private static ExitStatus printVersion(Arguments arguments, Session session) {
        session.console().line(Version.text());
        return ExitStatus.DONE;
    }
}
