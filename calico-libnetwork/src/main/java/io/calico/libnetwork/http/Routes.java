package io.calico.libnetwork.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.ModelJson;
import io.calico.model.json.RecordFields;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** The calls that a socket serves: path to handler. Immutable; build one with {@link #builder}. */
public final class Routes {
    private final Map<String, Function<CallContext, Call>> byPath;

    private Routes(Map<String, Function<CallContext, Call>> byPath) {
        this.byPath = Map.copyOf(byPath);
    }

    /** An empty table. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether a handler is there for the path, whatever the method. */
    boolean knows(String path) {
        return byPath.containsKey(path);
    }

    /**
     * The call that a request makes, parsed but not yet made. Does no I/O.
     *
     * @throws CallException 404 for an unknown path, 400 for a body that the call cannot use
     */
    Call prepare(String path, CallContext context) {
        Function<CallContext, Call> route = byPath.get(path);
        if (route == null) {
            throw CallException.of(404, "no such call: " + path);
        }
        return route.apply(context);
    }

    /** A parsed request, bound to its handler. */
    interface Call {
        /** Runs the handler; the answer's body. */
        String make();
    }

    /** Collects a table; confined to one thread. */
    public static final class Builder {
        private final Map<String, Function<CallContext, Call>> byPath = new HashMap<>();

        private Builder() {}

        /**
         * Adds a call whose body is a JSON object.
         *
         * @param path with leading slash: {@code /NetworkDriver.Join}
         * @param fromJson makes the request of the body, an object. What it refuses with an {@link
         *     IllegalArgumentException} is answered with that message; it should ignore fields that it does not know: newer
         *     engines add some
         */
        public <Q> Builder call(String path, Function<JsonNode, Q> fromJson, CallHandler<Q> handler) {
            return add(path, context -> {
                Q request = read(path, fromJson, context.body());
                return () -> ModelJson.write(handler.handle(request, context));
            });
        }

        /** Adds a call that needs no body; one that is sent is not looked at. */
        public Builder callWithoutBody(String path, Function<CallContext, JsonNode> handler) {
            return add(path, context -> () -> ModelJson.write(handler.apply(context)));
        }

        private Builder add(String path, Function<CallContext, Call> route) {
            if (byPath.putIfAbsent(path, route) != null) {
                throw new IllegalArgumentException("two handlers for " + path);
            }
            return this;
        }

        public Routes build() {
            return new Routes(byPath);
        }

        private static <Q> Q read(String path, Function<JsonNode, Q> fromJson, String body) {
            if (body.isBlank()) {
                // An engine repeats a call whose connection broke with an empty body: it must hear so at once.
                throw CallException.badRequest(path + " needs a JSON object as body, but the body is empty");
            }
            JsonNode json = parse(path, body);
            if (!json.isObject()) {
                throw CallException.badRequest(path + " needs a JSON object as body, not " + RecordFields.shown(json));
            }
            requireUnicode(path, json);
            try {
                return fromJson.apply(json);
            } catch (IllegalArgumentException e) {
                throw CallException.badRequest(path + ": " + e.getMessage());
            }
        }

        private static JsonNode parse(String path, String body) {
            try {
                return ModelJson.parse(body);
            } catch (JsonProcessingException e) {
                String place = e.getLocation() == null
                        ? ""
                        : " (line " + e.getLocation().getLineNr() + ", column "
                                + e.getLocation().getColumnNr() + ")";
                throw CallException.badRequest(path + ": the body is not JSON: " + e.getOriginalMessage() + place);
            }
        }

        /**
         * JSON can say half a surrogate pair, which is no character (RFC 8259, section 8.2) and which no datastore keeps. In
         * names of fields the parser refuses it.
         */
        private static void requireUnicode(String path, JsonNode node) {
            if (node.isTextual()) {
                requireWholeCharacters(path, node.textValue());
            }
            node.forEach(child -> requireUnicode(path, child));
        }

        private static void requireWholeCharacters(String path, String text) {
            if (text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
                throw CallException.badRequest(path + ": a text in the body has half a surrogate pair: '"
                        + text.substring(0, Math.min(60, text.length())).replaceAll("[\\p{Cs}\\p{Cntrl}]", "?") + "'");
            }
        }
    }
}
