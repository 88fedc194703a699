package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.parameter;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.event.EventId;
import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.ledger.Ledger.TransferFilter;
import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The ledger over REST. */
public final class TransfersApi {
    private static final int MOST_ROWS = 1000;

    private final Ledger ledger;
    private final Resubmit resubmit;

    /** Queues an inbound transfer's kept content for its routes again. */
    @FunctionalInterface
    public interface Resubmit {
        List<EventId> resubmit(TransferRow transfer, String by);
    }

    public TransfersApi(Ledger ledger, Resubmit resubmit) {
        this.ledger = ledger;
        this.resubmit = resubmit;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/transfers",
                        "Transfers, newest first",
                        this::find,
                        parameter("party", "an account or a site"),
                        parameter("state", "running, completed, failed, aborted or cancelled"),
                        parameter("kind", "upload, download, pull or delivery"),
                        parameter("name", "the file's name, with * and ?"),
                        parameter("from", "started at or after (RFC 3339)"),
                        parameter("until", "started before (RFC 3339)"),
                        parameter("limit", "at most so many, 50 unless given, 1000 at most"),
                        parameter(
                                "offset",
                                "leave out so many first; with limit 10000 at most, older ones are found by until")),
                get("/api/v1/transfers/{id}", "A transfer, and every transfer of the same file", this::show),
                post("/api/v1/transfers/{id}/cancel", Role.OPERATOR, "Stop a running transfer", this::cancel),
                post(
                        "/api/v1/transfers/{id}/resubmit",
                        Role.OPERATOR,
                        "Send an inbound file through its route again, with its original bytes",
                        this::resubmit));
    }

    private Object find(ApiRequest request) {
        return Map.of(
                "transfers",
                ledger.find(new TransferFilter(
                        request.queryValue("party"),
                        request.queryWord("state", TransferState.class),
                        request.queryWord("kind", TransferKind.class),
                        request.queryValue("name"),
                        request.queryInstant("from"),
                        request.queryInstant("until"),
                        request.queryNumber("limit", 50, MOST_ROWS),
                        request.queryNumber("offset", 0, Integer.MAX_VALUE))));
    }

    private Object show(ApiRequest request) {
        TransferRow transfer = transfer(request);
        return Map.of("transfer", transfer, "file", ledger.ofFile(transfer.file()));
    }

    private Object cancel(ApiRequest request) {
        TransferRow transfer = transfer(request);
        return Map.of("cancelled", ledger.cancel(transfer.id(), request.caller().name()));
    }

    private Object resubmit(ApiRequest request) {
        TransferRow transfer = transfer(request);
        return Map.of("events", resubmit.resubmit(transfer, request.caller().name()));
    }

    private TransferRow transfer(ApiRequest request) {
        String text = request.pathValue("id");
        return id(text).flatMap(ledger::get)
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SUCH_OBJECT,
                        "There is no transfer \"" + text + "\" (serai transfers lists them)"));
    }

    private static Optional<TransferId> id(String text) {
        try {
            return Optional.of(TransferId.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
