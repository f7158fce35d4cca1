package io.calico.libnetwork.engine;

/** Is told what an {@link EngineClient} hears. Calls come one at a time. */
public interface EngineListener {
    /** An engine begins to answer; whatever it has may be new. */
    void connected();

    /** The engine that answered does so no longer. */
    void disconnected();

    /** A network, of whatever driver, was made or removed. */
    void networksChanged();

    /** A container was connected to a network of our driver, or disconnected from one. */
    void containersChanged();
}
