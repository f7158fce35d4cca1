package io.calico.libnetwork.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The calls that a socket serves: path to handler. Immutable; build one with {@link #builder}. */
public final class Routes {
    private static final Pattern SURROGATE_ESCAPE = Pattern.compile("\\\\u[dD][89a-fA-F]");

    private final Map<String, Function<CallContext, Call>> byPath;

    private Routes(Map<String, Function<CallContext, Call>> byPath) {
        this.byPath = Map.copyOf(byPath);
    }

    /**
     * An empty table.
     *
     * @param mapper reads requests and writes answers
     */
    public static Builder builder(ObjectMapper mapper) {
        return new Builder(mapper);
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
        private final ObjectMapper mapper;

        private Builder(ObjectMapper mapper) {
            this.mapper = mapper;
        }

        /**
         * Adds a call whose body is a JSON object. Fields that the type does not know are ignored: newer engines add
         * some.
         *
         * @param path with leading slash: {@code /NetworkDriver.Join}
         */
        public <Q> Builder call(String path, Class<Q> requestType, CallHandler<Q> handler) {
            ObjectReader reader = mapper.readerFor(requestType)
                    .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
            return add(path, context -> {
                Q request = requestType.cast(read(path, reader, context.body()));
                requireUnicode(path, context.body());
                return () -> write(path, handler.handle(request, context));
            });
        }

        /** Adds a call that needs no body; one that is sent is not looked at. */
        public Builder callWithoutBody(String path, Function<CallContext, Object> handler) {
            return add(path, context -> () -> write(path, handler.apply(context)));
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

        private static Object read(String path, ObjectReader reader, String body) {
            if (body.isBlank()) {
                // An engine repeats a call whose connection broke with an empty body: it must hear so at once.
                throw CallException.badRequest(path + " needs a JSON object as body, but the body is empty");
            }
            try {
                Object request = reader.readValue(body);
                if (request == null) {
                    throw CallException.badRequest(path + " needs a JSON object as body, not null");
                }
                return request;
            } catch (JsonProcessingException e) {
                throw CallException.badRequest(path + ": " + reason(e));
            }
        }

        /**
         * JSON can say half a surrogate pair, which is no character (RFC 8259, section 8.2) and which no datastore keeps. The
         * body itself, which came as UTF-8, cannot; so only bodies with such an escape are read once more. In names of fields
         * the parser refuses it.
         */
        private void requireUnicode(String path, String body) {
            if (!SURROGATE_ESCAPE.matcher(body).find()) {
                return;
            }
            try {
                requireUnicode(path, mapper.readTree(body));
            } catch (JsonProcessingException e) {
                throw CallException.badRequest(path + ": " + reason(e));
            }
        }

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

        private static String reason(JsonProcessingException e) {
            // What a request type itself refuses says enough; else the parser's words and the place.
            if (e instanceof JsonMappingException && e.getCause() instanceof IllegalArgumentException refused) {
                return String.valueOf(refused.getMessage());
            }
            String place = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            return "the body is not the JSON object expected: " + e.getOriginalMessage() + place;
        }

        private String write(String path, Object answer) {
            try {
                return mapper.writeValueAsString(answer);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("the answer of " + path + " cannot be written as JSON", e);
            }
        }
    }
}
