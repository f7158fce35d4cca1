package io.calico.libnetwork.http;

import java.nio.file.Path;

/**
 * A socket to serve.
 *
 * @param path its file; missing directories are made
 * @param routes what is answered there
 */
public record PluginSocket(Path path, Routes routes) {}
