package io.serai.endpoint.http;

import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FolderPage;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** A page of a folder as JSON, or as HTML without any script for who asks with a browser. */
final class FolderListing {
    private static final String HTML = "text/html; charset=utf-8";
    private static final String JSON = "application/json";

    private FolderListing() {}

    static String contentType(HttpCall call) {
        return call.prefers("text/html") ? HTML : JSON;
    }

    static Reply render(HttpCall call, FolderPage page) {
        return call.prefers("text/html")
                ? Reply.of(200, HTML, html(call, page))
                : Reply.of(200, JSON, json(call, page));
    }

    private static String json(HttpCall call, FolderPage page) {
        JsonArray entries = new JsonArray();
        for (FolderPage.Entry entry : page.entries()) {
            FileAttributes attributes = entry.attributes();
            entries.add(new JsonObject()
                    .put("name", entry.name())
                    .put("type", attributes.isFolder() ? "folder" : "file")
                    .put("size", attributes.sizeBytes())
                    .put("modified", attributes.modified().toString())
                    .put("etag", PartnerFiles.etag(attributes.version())));
        }
        JsonObject folder =
                new JsonObject().put("path", call.path().path().toString()).put("entries", entries);
        if (page.more()) {
            folder.put("next", next(page));
        }
        return folder.encode();
    }

    private static String html(HttpCall call, FolderPage page) {
        String title = escape(call.path().path().toString());
        StringBuilder out = new StringBuilder(
                        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(title)
                .append("</title></head><body>\n<h1>")
                .append(title)
                .append("</h1>\n<table>\n<tr><th>Name</th><th>Bytes</th><th>Modified</th></tr>\n");
        if (!call.path().path().isRoot()) {
            row(out, RequestPath.encode(call.path().path().parent()).replaceFirst("([^/])$", "$1/"), "..", "", "");
        }
        for (FolderPage.Entry entry : page.entries()) {
            FileAttributes attributes = entry.attributes();
            String slash = attributes.isFolder() ? "/" : "";
            row(
                    out,
                    "./" + RequestPath.encodeSegment(entry.name()) + slash,
                    entry.name() + slash,
                    attributes.isFolder() ? "" : Long.toString(attributes.sizeBytes()),
                    attributes.modified().toString());
        }
        out.append("</table>\n");
        if (page.more()) {
            out.append("<p><a href=\"").append(escape(next(page))).append("\">More</a></p>\n");
        }
        return out.append("</body></html>\n").toString();
    }

    private static void row(StringBuilder out, String link, String name, String size, String modified) {
        out.append("<tr><td><a href=\"")
                .append(escape(link))
                .append("\">")
                .append(escape(name))
                .append("</a></td><td>")
                .append(size)
                .append("</td><td>")
                .append(modified)
                .append("</td></tr>\n");
    }

    private static String next(FolderPage page) {
        String last = page.entries().get(page.entries().size() - 1).name();
        return "?after=" + RequestPath.encodeSegment(last);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
