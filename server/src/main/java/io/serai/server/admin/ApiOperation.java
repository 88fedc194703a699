package io.serai.server.admin;

import java.util.List;

/**
 * One operation of the admin API: what serves it and what its OpenAPI entry is made of.
 *
 * @param path with parameters as {@code {name}}
 * @param role the least role that may call it
 */
public record ApiOperation(
        Method method,
        String path,
        Role role,
        String summary,
        List<Parameter> parameters,
        String body,
        Handler handler) {
    /** The methods of HTTP that the API uses. */
    public enum Method {
        GET,
        POST,
        PUT,
        DELETE
    }

    /** Serves a call; what it returns is written as JSON. */
    @FunctionalInterface
    public interface Handler {
        Object handle(ApiRequest request);
    }

    /** A query parameter. */
    public record Parameter(String name, String description) {}

    public ApiOperation {
        parameters = List.copyOf(parameters);
    }

    public static ApiOperation get(String path, String summary, Handler handler, Parameter... parameters) {
        return new ApiOperation(Method.GET, path, Role.VIEWER, summary, List.of(parameters), "", handler);
    }

    public static ApiOperation post(String path, Role role, String summary, Handler handler) {
        return new ApiOperation(Method.POST, path, role, summary, List.of(), "", handler);
    }

    /** A post with a JSON body, described in a sentence. */
    public ApiOperation taking(String bodyDescription) {
        return new ApiOperation(method, path, role, summary, parameters, bodyDescription, handler);
    }

    public static ApiOperation delete(String path, Role role, String summary, Handler handler) {
        return new ApiOperation(Method.DELETE, path, role, summary, List.of(), "", handler);
    }

    public static Parameter parameter(String name, String description) {
        return new Parameter(name, description);
    }
}
