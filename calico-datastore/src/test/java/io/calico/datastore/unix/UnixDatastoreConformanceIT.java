package io.calico.datastore.unix;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class UnixDatastoreConformanceIT extends DatastoreConformance {
    @Override
    protected StoreUnderTest newEmptyStore() {
        return new ServedMemory();
    }

    /** A store in memory behind a socket; every client is a connection. */
    private static final class ServedMemory implements StoreUnderTest {
        private final MemoryDatastore content = new MemoryDatastore();
        private final Path directory;
        private final DatastoreSocketServer server;

        ServedMemory() {
            try {
                directory = Files.createTempDirectory("calico-unix");
                server = new DatastoreSocketServer(content, directory.resolve("datastore.sock"));
                server.start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Datastore open() {
            return new UnixDatastore(directory.resolve("datastore.sock"));
        }

        @Override
        public void compact() {
            content.compact();
        }

        @Override
        public Map<Ability, String> missing() {
            return Map.of();
        }

        @Override
        public void close() {
            server.close();
            content.close();
            try {
                Files.delete(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
