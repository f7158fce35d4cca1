package io.calico.ctl;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code calicoctl diags}: everything that helps to find an error on this machine, in one file. */
final class DiagsCommand implements CommandGroup {
    @Override
    public String name() {
        return "diags";
    }

    @Override
    public String summary() {
        return "Collect what helps to find an error on this machine.";
    }

    @Override
    public List<Form> forms() {
        return List.of(Form.of("[--log-dir=DIR] [--runtime=RUNTIME]", DiagsCommand::collect));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of(
                "--log-dir", "Where the daemon logs (default: /var/log/calico).",
                "--runtime", "docker (the default) or rkt; makes no difference.");
    }

    @Override
    public List<String> notes() {
        return List.of(
                "The file holds names and addresses of containers and all rules, but no passwords or keys.",
                "Of firewall rules only Calico's own are in it. Run it as root: else most is missing.");
    }

    private static ExitStatus collect(Arguments arguments, Session session) {
        Console console = session.console();
        console.line("Collecting diags");
        StatusCommand.requireRuntime(arguments);
        try {
            Path bundle =
                    new DiagsBundle(session, session.machine().logDirectory(arguments.option("--log-dir"))).write();
            console.line("");
            console.line("Diags saved to " + bundle);
            return ExitStatus.DONE;
        } catch (IOException e) {
            throw CommandFailure.error("the diags cannot be saved: " + e.getMessage());
        }
    }
}
