package io.serai.server.admin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Describes the declared operations as an OpenAPI 3.1 document. */
final class OpenApi {
    private static final Pattern PATH_PARAMETER = Pattern.compile("\\{([a-zA-Z]+)}");

    private OpenApi() {}

    static Map<String, Object> document(List<ApiOperation> operations, String version) {
        Map<String, Map<String, Object>> paths = new LinkedHashMap<>();
        for (ApiOperation operation : operations) {
            paths.computeIfAbsent(operation.path(), path -> new LinkedHashMap<>())
                    .put(operation.method().name().toLowerCase(Locale.ROOT), describe(operation));
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("openapi", "3.1.0");
        document.put("info", Map.of("title", "Serai admin API", "version", version));
        document.put("security", List.of(Map.of("token", List.of())));
        document.put("paths", paths);
        document.put(
                "components",
                Map.of(
                        "securitySchemes",
                        Map.of("token", Map.of("type", "http", "scheme", "bearer")),
                        "schemas",
                        Map.of("Error", errorSchema())));
        return document;
    }

    private static Map<String, Object> describe(ApiOperation operation) {
        List<Map<String, Object>> parameters = new ArrayList<>();
        Matcher inPath = PATH_PARAMETER.matcher(operation.path());
        while (inPath.find()) {
            parameters.add(Map.of(
                    "name", inPath.group(1), "in", "path", "required", true, "schema", Map.of("type", "string")));
        }
        for (ApiOperation.Parameter parameter : operation.parameters()) {
            parameters.add(Map.of(
                    "name",
                    parameter.name(),
                    "in",
                    "query",
                    "description",
                    parameter.description(),
                    "schema",
                    Map.of("type", "string")));
        }
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("summary", operation.summary());
        description.put("operationId", operationId(operation));
        description.put("description", "Role: " + operation.role().name().toLowerCase(Locale.ROOT));
        if (!parameters.isEmpty()) {
            description.put("parameters", parameters);
        }
        if (!operation.body().isEmpty()) {
            description.put(
                    "requestBody",
                    Map.of(
                            "required",
                            true,
                            "description",
                            operation.body(),
                            "content",
                            Map.of("application/json", Map.of("schema", Map.of("type", "object")))));
        }
        description.put("responses", responses());
        return description;
    }

    private static Map<String, Object> responses() {
        Map<String, Object> error =
                Map.of("application/json", Map.of("schema", Map.of("$ref", "#/components/schemas/Error")));
        Map<String, Object> responses = new LinkedHashMap<>();
        responses.put("200", Map.of("description", "Done", "content", Map.of("application/json", Map.of())));
        responses.put("default", Map.of("description", "Refused or failed", "content", error));
        return responses;
    }

    private static Map<String, Object> errorSchema() {
        return Map.of(
                "type",
                "object",
                "required",
                List.of("error", "message"),
                "properties",
                Map.of("error", Map.of("type", "string"), "message", Map.of("type", "string")));
    }

    private static String operationId(ApiOperation operation) {
        StringBuilder id = new StringBuilder(operation.method().name().toLowerCase(Locale.ROOT));
        for (String part : operation.path().split("[/{}.]+")) {
            if (!part.isEmpty() && !part.equals("api") && !part.equals("v1")) {
                id.append(Character.toUpperCase(part.charAt(0))).append(part, 1, part.length());
            }
        }
        return id.toString();
    }
}
