package io.calico.model.json;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A value that knows its own JSON form. Each also has a static {@code fromJson(JsonNode)} that reads it back, for {@link
 * ModelJson#read(String, String, java.util.function.Function)}.
 */
public interface JsonRecord {
    /** The form in which it is stored: a new tree each time, for reading only. */
    JsonNode toJson();
}
