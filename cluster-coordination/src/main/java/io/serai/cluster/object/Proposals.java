package io.serai.cluster.object;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** The statements on proposals and votes. */
final class Proposals {
    private static final String ADD = """
            insert into config_proposal (puts, deletes, proposed_by, node) values (?::jsonb, ?::jsonb, ?, ?)
            on conflict do nothing returning id
            """;

    private static final String READ = """
            select id, state, puts, deletes, proposed_by, node, revision, undone_by, error_code, reason,
                   (extract(epoch from clock_timestamp() - changed_at) * 1000)::bigint as age
              from config_proposal where id = ?
            """;

    private static final String CAST = """
            insert into config_vote (proposal, phase, node, epoch, reason) values (?, ?, ?, ?, ?)
            on conflict do nothing
            """;

    private static final String MOVE = """
            update config_proposal
               set state = ?, revision = coalesce(?, revision), undone_by = coalesce(?, undone_by), error_code = ?,
                   reason = ?, changed_at = clock_timestamp()
             where id = ?
            """;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final ObjectJson json;

    Proposals(ObjectJson json) {
        this.json = json;
    }

    /** Where a proposal stands; see the migration that makes its table. */
    enum State {
        VOTING,
        SETTLING,
        DONE,
        REFUSED,
        UNDONE
    }

    /** What a node was asked. */
    enum Phase {
        PREPARE,
        ENFORCE
    }

    /** A proposal as it stands. */
    record Proposal(
            long id,
            State state,
            List<ConfigObject> puts,
            List<Key> deletes,
            String by,
            OptionalLong revision,
            Optional<ErrorCode> error,
            String reason,
            Duration age) {
        List<Key> keys() {
            List<Key> keys = new ArrayList<>(puts.stream().map(Key::of).toList());
            keys.addAll(deletes);
            return keys;
        }
    }

    /** What a boot of a node said; an empty reason is a yes. */
    record Vote(Phase phase, String node, long epoch, String reason) {}

    /** The new proposal's number; empty while another is open. */
    OptionalLong add(Connection connection, List<ConfigObject> puts, List<Key> deletes, String by, String node)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ADD)) {
            statement.setString(1, write(puts));
            statement.setString(2, writeKeys(deletes));
            statement.setString(3, by);
            statement.setString(4, node);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? OptionalLong.of(row.getLong(1)) : OptionalLong.empty();
            }
        }
    }

    /** Ended proposals are of no use after some days. */
    static void forget(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("delete from config_proposal where state not in ('voting', 'settling')"
                        + " and changed_at < clock_timestamp() - interval '7 days'")) {
            statement.executeUpdate();
        }
    }

    Proposal read(Connection connection, long id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(READ)) {
            statement.setLong(1, id);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no proposal " + id + " any more");
                }
                long revision = row.getLong("revision");
                boolean committed = !row.wasNull();
                return new Proposal(
                        id,
                        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                        puts(row.getString("puts")),
                        keys(row.getString("deletes")),
                        row.getString("proposed_by"),
                        committed ? OptionalLong.of(revision) : OptionalLong.empty(),
                        Optional.ofNullable(row.getString("error_code")).map(ErrorCode::valueOf),
                        row.getString("reason"),
                        Duration.ofMillis(row.getLong("age")));
            }
        }
    }

    /** Where a proposal stands, without what it would change. */
    static State state(Connection connection, long id) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select state from config_proposal where id = ?")) {
            statement.setLong(1, id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? State.valueOf(row.getString(1).toUpperCase(Locale.ROOT)) : State.REFUSED;
            }
        }
    }

    static void cast(Connection connection, long proposal, Phase phase, FencingToken token, String reason)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(CAST)) {
            statement.setLong(1, proposal);
            statement.setString(2, phase.name().toLowerCase(Locale.ROOT));
            statement.setString(3, token.node().value());
            statement.setLong(4, token.epoch());
            statement.setString(5, reason);
            statement.executeUpdate();
        }
    }

    static List<Vote> votes(Connection connection, long proposal) throws SQLException {
        List<Vote> votes = new ArrayList<>();
        try (PreparedStatement statement =
                connection.prepareStatement("select phase, node, epoch, reason from config_vote where proposal = ?")) {
            statement.setLong(1, proposal);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    votes.add(new Vote(
                            Phase.valueOf(rows.getString(1).toUpperCase(Locale.ROOT)),
                            rows.getString(2),
                            rows.getLong(3),
                            rows.getString(4)));
                }
            }
        }
        return votes;
    }

    /** How a proposal moves on. */
    record Move(State to, OptionalLong revision, OptionalLong undoneBy, Optional<ErrorCode> error, String reason) {
        static Move to(State state) {
            return new Move(state, OptionalLong.empty(), OptionalLong.empty(), Optional.empty(), "");
        }

        static Move settling(long revision) {
            return new Move(State.SETTLING, OptionalLong.of(revision), OptionalLong.empty(), Optional.empty(), "");
        }

        static Move refused(ErrorCode code, String reason) {
            return new Move(State.REFUSED, OptionalLong.empty(), OptionalLong.empty(), Optional.of(code), reason);
        }

        static Move undone(long by, String reason) {
            return new Move(
                    State.UNDONE, OptionalLong.empty(), OptionalLong.of(by), Optional.of(ErrorCode.INVALID), reason);
        }
    }

    static void move(Connection connection, long proposal, Move move) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
            statement.setString(1, move.to().name().toLowerCase(Locale.ROOT));
            setLong(statement, 2, move.revision());
            setLong(statement, 3, move.undoneBy());
            statement.setString(4, move.error().map(Enum::name).orElse(null));
            statement.setString(5, move.reason());
            statement.setLong(6, proposal);
            statement.executeUpdate();
        }
    }

    private static void setLong(PreparedStatement statement, int index, OptionalLong value) throws SQLException {
        if (value.isPresent()) {
            statement.setLong(index, value.getAsLong());
        } else {
            statement.setNull(index, Types.BIGINT);
        }
    }

    private String write(List<ConfigObject> puts) {
        ArrayNode array = MAPPER.createArrayNode();
        for (ConfigObject put : puts) {
            array.addObject()
                    .put("kind", put.kind().name())
                    .put("name", put.objectName())
                    .put("spec", json.write(put));
        }
        return array.toString();
    }

    private static String writeKeys(List<Key> keys) {
        ArrayNode array = MAPPER.createArrayNode();
        keys.forEach(key -> array.addObject().put("kind", key.kind().name()).put("name", key.name()));
        return array.toString();
    }

    private List<ConfigObject> puts(String text) {
        List<ConfigObject> puts = new ArrayList<>();
        for (JsonNode each : parse(text)) {
            puts.add(json.read(
                    ObjectKind.valueOf(each.path("kind").asText()),
                    each.path("name").asText(),
                    each.path("spec").asText()));
        }
        return puts;
    }

    private static List<Key> keys(String text) {
        List<Key> keys = new ArrayList<>();
        for (JsonNode each : parse(text)) {
            keys.add(new Key(
                    ObjectKind.valueOf(each.path("kind").asText()),
                    each.path("name").asText()));
        }
        return keys;
    }

    private static JsonNode parse(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A proposal cannot be read", e);
        }
    }
}
