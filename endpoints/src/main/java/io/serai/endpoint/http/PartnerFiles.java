package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.FileAttributes.FileType;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.RemoveFolder;
import io.serai.endpoint.PartnerOperation.RenameFile;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.PartnerPort;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What each method means as partner operations. All of it blocks and belongs on worker threads. */
final class PartnerFiles {
    static final String METHODS = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE";
    private static final String UPLOAD_OFFSET = "Upload-Offset";
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final PartnerPort port;

    PartnerFiles(PartnerPort port) {
        this.port = port;
    }

    Outcome answer(HttpCall call, HttpSession.Use use) {
        return switch (call.method()) {
            case "GET" -> get(call, use);
            case "HEAD" -> head(call, use.id());
            case "PUT" -> put(call, use);
            case "DELETE" -> delete(call, use.id());
            case "MKCOL" -> makeFolder(call, use.id());
            case "MOVE" -> move(call, use.id());
            default -> Reply.of(405).with("Allow", METHODS);
        };
    }

    // ---- reading ----

    private Outcome get(HttpCall call, HttpSession.Use use) {
        VirtualPath path = call.path().path();
        if (call.path().asFolder() || path.isRoot()) {
            return list(call, use.id());
        }
        if (call.headers().contains("If-None-Match") || call.headers().contains("Range")) {
            // Answered without a transfer where no byte is going to be sent.
            Optional<Reply> early = withoutBody(call, stat(use.id(), path, StatPurpose.LOOK));
            if (early.isPresent()) {
                return early.get();
            }
        }
        DownloadChannel channel;
        try {
            channel = port.call(new OpenDownload(use.id(), path));
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.IS_A_FOLDER) {
                return Reply.of(308).with("Location", RequestPath.encode(path) + "/");
            }
            throw e;
        }
        FileAttributes file = channel.attributes();
        Map<String, String> headers = new LinkedHashMap<>(headers(path, file));
        Optional<ByteRange> asked = range(call, file).filter(ByteRange::satisfiable);
        asked.ifPresent(range -> headers.put(
                "Content-Range",
                "bytes " + range.first() + "-" + (range.first() + range.length() - 1) + "/" + file.sizeBytes()));
        ByteRange range = asked.orElse(ByteRange.whole(file.sizeBytes()));
        headers.put("Content-Length", Long.toString(range.length()));
        return new Outcome.Download(
                use, channel, range, asked.isPresent() ? 206 : 200, headers, firstBlock(channel, range));
    }

    private static Optional<Buffer> firstBlock(DownloadChannel channel, ByteRange range) {
        try {
            return range.length() > 0 && channel.pause().isZero()
                    ? Optional.of(DownloadFlow.block(channel, range.first(), range.length()))
                    : Optional.empty();
        } catch (RuntimeException e) {
            close(channel, e);
            throw e;
        }
    }

    private Optional<Reply> withoutBody(HttpCall call, FileAttributes file) {
        if (file.isFolder()) {
            return Optional.empty();
        }
        String known = call.headers().get("If-None-Match");
        if (known != null && matches(known, file)) {
            return Optional.of(Reply.of(304).with("ETag", etag(file.version())));
        }
        boolean outside =
                range(call, file).filter(range -> !range.satisfiable()).isPresent();
        return outside
                ? Optional.of(Reply.of(416).with("Content-Range", "bytes */" + file.sizeBytes()))
                : Optional.empty();
    }

    private static Optional<ByteRange> range(HttpCall call, FileAttributes file) {
        String range = call.headers().get("Range");
        String condition = call.headers().get("If-Range");
        boolean isCurrent = condition == null
                || condition.equals(etag(file.version()))
                || condition.equals(HTTP_DATE.format(file.modified()));
        return range == null || !isCurrent ? Optional.empty() : ByteRange.parse(range, file.sizeBytes());
    }

    private Reply head(HttpCall call, SessionId session) {
        VirtualPath path = call.path().path();
        FileAttributes file;
        try {
            file = stat(session, path, StatPurpose.LOOK);
        } catch (SeraiException e) {
            Optional<FileAttributes> part = e.code() == ErrorCode.NO_SUCH_FILE ? part(session, path) : Optional.empty();
            return part.map(found -> Reply.of(404).with(UPLOAD_OFFSET, Long.toString(found.sizeBytes())))
                    .orElseThrow(() -> e);
        }
        if (file.isFolder()) {
            return Reply.of(200).with("Content-Type", FolderListing.contentType(call));
        }
        String known = call.headers().get("If-None-Match");
        Reply reply = new Reply(known != null && matches(known, file) ? 304 : 200, headers(path, file), "");
        return reply.with("Content-Length", Long.toString(file.sizeBytes()));
    }

    private Reply list(HttpCall call, SessionId session) {
        Optional<String> after = Optional.ofNullable(call.query().get("after"));
        FolderPage page = port.call(new ListFolder(session, call.path().path(), after));
        return FolderListing.render(call, page);
    }

    private static Map<String, String> headers(VirtualPath path, FileAttributes file) {
        return Map.of(
                "Content-Type",
                "application/octet-stream",
                "Content-Disposition",
                "attachment; filename*=UTF-8''" + RequestPath.encodeSegment(path.name()),
                "ETag",
                etag(file.version()),
                "Last-Modified",
                HTTP_DATE.format(file.modified()),
                "Accept-Ranges",
                "bytes");
    }

    static String etag(String version) {
        return '"' + URLEncoder.encode(version, StandardCharsets.UTF_8) + '"';
    }

    private static boolean matches(String header, FileAttributes file) {
        if (header.strip().equals("*")) {
            return true;
        }
        for (String tag : header.split(",")) {
            if (tag.strip().replaceFirst("^W/", "").equals(etag(file.version()))) {
                return true;
            }
        }
        return false;
    }

    // ---- writing ----

    private Outcome put(HttpCall call, HttpSession.Use use) {
        VirtualPath path = call.path().path();
        if (call.path().asFolder() || path.isRoot()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, "PUT needs a file's name; MKCOL makes folders");
        }
        if (call.headers().contains("If-Match") || call.headers().contains("Content-Encoding")) {
            throw new SeraiException(ErrorCode.UNSUPPORTED, "If-Match and Content-Encoding are not supported for PUT");
        }
        OptionalLong bodyBytes = contentLength(call);
        String rangeHeader = call.headers().get("Content-Range");
        if (rangeHeader != null) {
            return putPart(use, path, ContentRange.parse(rangeHeader), bodyBytes);
        }
        boolean mustBeNew = "*".equals(call.headers().get("If-None-Match"));
        if (mustBeNew && exists(use.id(), path)) {
            throw new SeraiException(ErrorCode.EXISTS, "There is a file of that name");
        }
        UploadMode mode = mustBeNew ? UploadMode.CREATE_NEW : UploadMode.REPLACE;
        OpenUpload open = new OpenUpload(use.id(), path, mode, bodyBytes);
        if (call.body().filter(body -> body.isWhole(bodyBytes.orElse(-1))).isPresent()) {
            return putAtOnce(use, open, call.body());
        }
        UploadChannel channel = port.call(open);
        boolean replaces = !mustBeNew && replaces(channel, use.id(), path);
        return new Outcome.Upload(use, channel, bodyBytes, true, created(!replaces), call.body());
    }

    /** All of a small file; through an edge its bytes go with the open. */
    private Outcome putAtOnce(HttpSession.Use use, OpenUpload open, Optional<EarlyBody> body) {
        UploadChannel channel = port.call(open.unanswered());
        try {
            boolean isNew =
                    open.mode() == UploadMode.CREATE_NEW || (!channel.looks() && !exists(use.id(), open.path()));
            if (!channel.pause().isZero()) { // a worker does not wait for it, the flow does
                return new Outcome.Upload(use, channel, open.expectedBytes(), true, created(isNew), body);
            }
            UploadReceipt receipt = write(channel, body.map(EarlyBody::content).orElseThrow());
            boolean isReplaced = channel.looks() ? channel.replaces().orElse(false) : !isNew;
            channel.close();
            return stored(receipt, created(!isReplaced));
        } catch (RuntimeException e) {
            close(channel, e);
            if (e instanceof SeraiException refusal && !channel.isUntaken()) {
                return new Outcome.Refused(refusal, Map.of());
            }
            throw e;
        }
    }

    private static void close(AutoCloseable channel, RuntimeException failure) {
        try {
            channel.close();
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
    }

    private static UploadReceipt write(UploadChannel channel, ByteBuffer content) {
        try {
            channel.write(content, 0);
        } catch (SeraiException e) {
            channel.abort(e.text());
            throw e;
        }
        return channel.commit();
    }

    private static int created(boolean isNew) {
        return isNew ? 201 : 204;
    }

    /** The answer to an upload that is a file now. */
    static Reply stored(UploadReceipt receipt, int status) {
        String digest = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(receipt.sha256()));
        return Reply.of(status)
                .with("ETag", etag(receipt.version()))
                .with("Digest", "sha-256=" + digest)
                .with("Repr-Digest", "sha-256=:" + digest + ":");
    }

    /** Asks only where the open has not looked. */
    private boolean replaces(UploadChannel channel, SessionId session, VirtualPath path) {
        try {
            return channel.replaces().orElseGet(() -> exists(session, path));
        } catch (SeraiException e) {
            channel.close();
            throw e;
        }
    }

    private Outcome putPart(HttpSession.Use use, VirtualPath path, ContentRange range, OptionalLong bodyBytes) {
        if (bodyBytes.isPresent() && bodyBytes.getAsLong() != range.length()) {
            throw new SeraiException(ErrorCode.INVALID, "Content-Range and Content-Length do not agree");
        }
        boolean isFirst = range.first() == 0;
        boolean existed = exists(use.id(), path);
        if (!isFirst) {
            long held = held(use.id(), path);
            if (held != range.first()) {
                return badOffset(range.first(), held);
            }
        }
        UploadChannel channel = port.call(new OpenUpload(
                use.id(), path, isFirst ? UploadMode.REPLACE : UploadMode.RESUME, OptionalLong.of(range.total())));
        if (channel.startOffset() != range.first()) {
            channel.abort("The upload goes on elsewhere");
            channel.close();
            return badOffset(range.first(), channel.startOffset());
        }
        int status = range.isLast() ? (existed ? 204 : 201) : 202;
        return new Outcome.Upload(
                use, channel, OptionalLong.of(range.length()), range.isLast(), status, Optional.empty());
    }

    private static Outcome badOffset(long first, long held) {
        return new Outcome.Refused(
                new SeraiException(
                        ErrorCode.BAD_OFFSET, "The upload goes on at byte " + held + ", not at byte " + first),
                Map.of(UPLOAD_OFFSET, Long.toString(held)));
    }

    private Reply delete(HttpCall call, SessionId session) {
        VirtualPath path = call.path().path();
        if (stat(session, path, StatPurpose.LOOK).isFolder()) {
            port.call(new RemoveFolder(session, path));
        } else {
            port.call(new RemoveFile(session, path));
        }
        return Reply.of(204);
    }

    private Reply makeFolder(HttpCall call, SessionId session) {
        try {
            port.call(new MakeFolder(session, call.path().path()));
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.EXISTS) {
                return Reply.of(405).with("Allow", METHODS);
            }
            throw e;
        }
        return Reply.of(201);
    }

    private Reply move(HttpCall call, SessionId session) {
        VirtualPath target = destination(call);
        boolean mayReplace = !"F".equalsIgnoreCase(call.headers().get("Overwrite"));
        boolean existed = exists(session, target);
        port.call(
                new RenameFile(session, call.path().path(), target, mayReplace ? Overwrite.REPLACE : Overwrite.REFUSE));
        return Reply.of(existed ? 204 : 201);
    }

    /** The target of a MOVE: a path, or a URL of the very authority that the request itself names. */
    private static VirtualPath destination(HttpCall call) {
        String header = call.headers().get("Destination");
        try {
            URI target = URI.create(header == null ? "" : header);
            String raw = target.getRawPath();
            boolean isHere = target.getRawAuthority() == null
                    || call.authority()
                            .filter(target.getRawAuthority()::equalsIgnoreCase)
                            .isPresent();
            if (raw != null && raw.startsWith("/") && isHere && target.getRawQuery() == null) {
                return RequestPath.parse(raw).path();
            }
        } catch (IllegalArgumentException e) {
            throw new SeraiException(ErrorCode.NAME_INVALID, "The header Destination is not a path", e);
        }
        throw new SeraiException(
                ErrorCode.NAME_INVALID, "MOVE needs a header Destination with an absolute path on this server");
    }

    // ---- looking ----

    private FileAttributes stat(SessionId session, VirtualPath path, StatPurpose purpose) {
        return port.call(new StatFile(session, path, purpose));
    }

    private boolean exists(SessionId session, VirtualPath path) {
        try {
            stat(session, path, StatPurpose.LOOK);
            return true;
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE || e.code() == ErrorCode.PERMISSION_DENIED) {
                return false;
            }
            throw e;
        }
    }

    private Optional<FileAttributes> part(SessionId session, VirtualPath path) {
        try {
            return Optional.of(stat(session, path, StatPurpose.RESUME)).filter(found -> found.type() == FileType.PART);
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE || e.code() == ErrorCode.PERMISSION_DENIED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private long held(SessionId session, VirtualPath path) {
        try {
            return stat(session, path, StatPurpose.RESUME).sizeBytes();
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE) {
                return 0;
            }
            throw e;
        }
    }

    private static OptionalLong contentLength(HttpCall call) {
        @Nullable String header = call.headers().get("Content-Length");
        return header == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(header));
    }
}
