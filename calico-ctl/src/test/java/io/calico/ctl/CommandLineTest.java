package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.DatastoreException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a command line is taken apart, helped with and refused. */
class CommandLineTest {
    private static final String TOP = """
            Usage: calicoctl COMMAND [ARG...]

            Commands:
              status    Show whether the node daemon of this machine runs and works.
              node      Start and stop the node daemon of this machine, check it, or remove the machine from Calico.
              profile   Show and change profiles: the rules and tags of networks and endpoints.
              endpoint  Show endpoints, and show and change their profiles.
              pool      Show and change the pools of addresses.
              ipam      Show which addresses are in use, and release them.
              datastore Write all data into a file, or read it back into this or another datastore.
              diags     Collect what helps to find an error on this machine.
              version   Print the version of calicoctl.

            'calicoctl COMMAND --help' shows the forms of a command.

            The data is kept where --datastore=URI or CALICO_DATASTORE says (sqlite:PATH, unix:PATH,
            memory:, etcd://HOST:PORT); else in the etcd at ETCD_ENDPOINTS or ETCD_AUTHORITY (default
            127.0.0.1:2379), if an etcd variable is set; else where the running node keeps it; else in
            the embedded store of this machine.
            """;

    private final Cli cli = new Cli();

    @Test
    void withoutCommandTheCommandsAreListed() {
        assertThat(cli.run(List.of(), "").transcript()).isEqualTo(TOP);
        assertThat(cli.run("--help").transcript()).isEqualTo(TOP);
        assertThat(cli.run("-h").transcript()).isEqualTo(TOP);
    }

    @Test
    void unknownCommandIsAUsageErrorWithTheListOfCommands() {
        Cli.Result result = cli.run("bgp peer show");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("'bgp' is not a calicoctl command.\n" + TOP);
    }

    @Test
    void versionIsPrintedAndNothingElse() {
        assertThat(cli.run("version").transcript()).isEqualTo(Version.text() + "\n");
        assertThat(Version.text()).matches("[0-9]+\\.[0-9]+\\.[0-9]+(-SNAPSHOT)?");
        assertThat(cli.run("version 2").code()).isEqualTo(2);
    }

    @Test
    void helpOfACommandShowsItsFormsAndOptions() {
        assertThat(cli.run("pool --help").transcript()).isEqualTo("""
                        Show and change the pools of addresses.

                        Usage:
                          calicoctl pool add CIDR... [--ipip|--vxlan[=MODE]] [--nat-outgoing] [--block-size=LENGTH]
                          calicoctl pool remove CIDR...
                          calicoctl pool range add START_IP END_IP [--ipip|--vxlan[=MODE]] [--nat-outgoing]
                              [--block-size=LENGTH]
                          calicoctl pool show [--ipv4|--ipv6]

                        Options:
                              --ipip                Encapsulate traffic between hosts in IP-in-IP (IPv4 only).
                              --vxlan[=MODE]        Encapsulate traffic between hosts in VXLAN: always (the default) or
                                                      cross-subnet.
                              --nat-outgoing        Traffic that leaves all pools gets the host's address.
                              --block-size=LENGTH   Prefix length of the blocks that hosts take (26 for IPv4, 122 for IPv6).
                              --ipv4                Show IPv4 pools only.
                              --ipv6                Show IPv6 pools only.
                              --datastore=URI       Where the data is, as in sqlite:PATH or etcd://HOST:PORT (default:
                                                      CALICO_DATASTORE, the store of the running node, or the embedded one)
                          -h, --help                Show this help.

                        Adding a pool again replaces its options; pools may not overlap. From a removed pool
                        nothing is assigned any more; addresses that are in use stay so until they are released.
                        """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "node", "profile", "endpoint", "pool", "ipam", "version"})
    void everyCommandHasHelpWhereverItIsAskedFor(String command) {
        Cli.Result help = cli.run(command + " --help");

        assertThat(help.code()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out()).contains("\nUsage:\n  calicoctl " + command, "--datastore=URI", "-h, --help");
        assertThat(cli.run(command + " -h")).isEqualTo(help);
        assertThat(cli.run(command + " no such form --help")).isEqualTo(help);
        assertThat(cli.run(command + " --bad-option -h")).isEqualTo(help);
        assertThat(cli.run(command + " --hel")).isEqualTo(help);
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "node", "profile", "endpoint", "pool", "ipam"})
    void everyOptionIsDescribed(String command) {
        CommandGroup group = Commands.find(command).orElseThrow();

        assertThat(group.forms())
                .allSatisfy(form -> assertThat(form.usage().options())
                        .allSatisfy(
                                option -> assertThat(group.optionDescriptions()).containsKey(option.name())));
    }

    @Test
    void argumentsThatFitNoFormShowTheFormsOnStandardError() {
        cli.transcript("""
                $ ipam
                ! Usage:
                !   calicoctl ipam release IP
                !   calicoctl ipam release --ip=IP
                !   calicoctl ipam release --from-report=FILES
                !   calicoctl ipam info IP
                !   calicoctl ipam show [--show-blocks]
                !   calicoctl ipam show --ip=IP
                !   calicoctl ipam show --show-borrowed
                !   calicoctl ipam show --show-configuration
                !   calicoctl ipam check [--show-all-ips] [--show-problem-ips] [--output=FILE] [--repair]
                !   calicoctl ipam configure [--strictaffinity=BOOL] [--auto-allocate-blocks=BOOL]
                !       [--max-blocks-per-host=N] [--cooldown=SECONDS] [--reserve=CIDRS]
                => 2
                $ ipam show --borrowed
                ! Unknown option: '--borrowed'
                ! Usage:
                !   calicoctl ipam release IP
                !   calicoctl ipam release --ip=IP
                !   calicoctl ipam release --from-report=FILES
                !   calicoctl ipam info IP
                !   calicoctl ipam show [--show-blocks]
                !   calicoctl ipam show --ip=IP
                !   calicoctl ipam show --show-borrowed
                !   calicoctl ipam show --show-configuration
                !   calicoctl ipam check [--show-all-ips] [--show-problem-ips] [--output=FILE] [--repair]
                !   calicoctl ipam configure [--strictaffinity=BOOL] [--auto-allocate-blocks=BOOL]
                !       [--max-blocks-per-host=N] [--cooldown=SECONDS] [--reserve=CIDRS]
                => 2
                """);
    }

    @Test
    void unambiguousBeginningsOfOptionsAreTaken() {
        assertThat(cli.run("profile show --det").code()).isZero();
        assertThat(cli.run("profile show --detaile").code()).isZero();
        assertThat(cli.run("pool show --ipv").err())
                .startsWith("Option '--ipv' is ambiguous: --ipv4, --ipv6\nUsage:\n");
        assertThat(cli.run("node --ip=x").out()).startsWith("Invalid IPv4 address specified with --ip argument.");
    }

    @Test
    void optionsMayStandAnywhereWithTheirValueAttachedOrBehind() {
        cli.given(
                "profile add P",
                "profile --at 1 P rule add inbound deny udp",
                "profile P --at=1 rule add inbound deny tcp");

        assertThat(cli.run("profile P rule show").out().lines()).contains("   1 deny tcp", "   2 deny udp");
    }

    @Test
    void optionalValueIsOnlyWhatIsAttached() {
        cli.given("pool add --vxlan 10.1.0.0/16", "pool add --vxlan=cross-subnet 10.2.0.0/16");

        assertThat(cli.run("pool show --ipv4").out())
                .contains("| 10.1.0.0/16 |", "| 10.2.0.0/16 | vxlan=cross-subnet |");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "profile P rule add inbound --at -1 allow",
                "profile P rule add inbound --at --at allow",
                "profile P rule add inbound allow --at",
                "profile P rule add inbound --at=1 --at=2 allow",
                "pool add -1",
                "pool add 10.0.0.0/8 --ipip=yes",
                "pool add 10.0.0.0/8 -x",
                "pool add 10.0.0.0/8 --detailed",
                "pool show 10.0.0.0/8",
                "pool add 10.0.0.0/8 --ipip --vxlan",
                "pool range add 10.0.0.0"
            })
    void usageErrors(String line) {
        Cli.Result result = cli.run(line);

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("Usage:\n  calicoctl " + line.substring(0, line.indexOf(' ')));
    }

    @ParameterizedTest
    @ValueSource(strings = {"''", "-", "@file", "a=b", "${sys:user.home}", "$HOME", "-- --ipip"})
    void oddWordsAreJustValues(String word) {
        assertThat(cli.run("pool add " + word).transcript())
                .isEqualTo("Invalid CIDR specified " + word.replace("''", "").replace("-- ", "") + "\n=> 1\n");
    }

    @Test
    void badEnvironmentIsToldBeforeTheCommandIsLookedAt() {
        cli.environment.put("ETCD_AUTHORITY", "1.2.3.4");
        cli.environment.put("ETCD_SCHEME", "ftp");
        String refusal = """
                Invalid ETCD_AUTHORITY. It must take the form <address>:<port>. Value provided
                is '1.2.3.4'

                Invalid ETCD_SCHEME. Value must be one of: "", "http", "https". Value provided:
                ftp

                => 2
                """;

        assertThat(cli.run("version").transcript()).isEqualTo(refusal);
        assertThat(cli.run("pool --help").transcript()).isEqualTo(refusal);
        assertThat(cli.run("no-such-command").transcript()).isEqualTo(refusal);
        assertThat(cli.run("--help").code()).isZero();
    }

    @Test
    void datastoreOptionMayStandBeforeTheCommandToo() {
        assertThat(cli.run("--datastore=memory: pool show").code()).isZero();
        assertThat(cli.run("--datastore memory: pool show").code()).isZero();
        assertThat(cli.run("pool show --datastore memory:").code()).isZero();
        assertThat(cli.run("--datastore").code()).isEqualTo(2);
    }

    private static Cli.Result run(String line, Map<String, String> environment, StoreOpener opener) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        int code = Calicoctl.run(
                List.of(line.split(" ", -1)),
                new Session.Invocation(
                        environment, new ByteArrayInputStream(new byte[0]), console, new TestMachine(), opener));
        return new Cli.Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void badDatastoreUriIsAUsageError() {
        Cli.Result result = run("pool show --datastore=nonsense", Map.of(), io.calico.datastore.Datastores::open);

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).startsWith("Error: datastore 'nonsense'").hasLineCount(1);
    }

    @Test
    void storeThatMayNotBeOpenedNeedsRoot() {
        Cli.Result result = run("pool show", Map.of(), (uri, environment) -> {
            throw new DatastoreException.NotPermitted("the store is root's", null);
        });

        assertThat(result.transcript()).isEqualTo("! Error: the store is root's\n=> 3\n");
    }

    @Test
    void otherErrorsAreOneLineOnStandardErrorUnlessDebugIsOn() {
        StoreOpener broken = (uri, environment) -> {
            throw new DatastoreException.Unavailable("the store\n  is gone", null);
        };

        assertThat(run("pool show", Map.of(), broken).transcript()).isEqualTo("! Error: the store is gone\n=> 1\n");
        assertThat(run("pool show", Map.of("CALICO_DEBUG", "1"), broken).err())
                .contains("Unavailable: the store")
                .contains("\tat io.calico.ctl.");
    }
}
