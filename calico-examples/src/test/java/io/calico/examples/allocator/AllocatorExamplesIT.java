package io.calico.examples.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AllocatorExamplesIT {
    private static String printed(Runnable main) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            main.run();
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theEmbeddedOneTakesAddressesAndReturnsThem() {
        assertEquals(
                "[10.0.0.0, 10.0.0.1, 10.0.0.2]\nreleased: 3\n", printed(() -> EmbeddedAllocator.main(new String[0])));
    }

    @Test
    void theDurableOneGoesOnWhereItWas(@TempDir Path directory) {
        String[] file = {directory.resolve("addresses.db").toString()};

        assertEquals("[10.0.0.0, 10.0.0.1]\n2 of 256 in use\n", printed(() -> DurableAllocator.main(file)));
        assertEquals("[10.0.0.2, 10.0.0.3]\n4 of 256 in use\n", printed(() -> DurableAllocator.main(file)));
    }
}
