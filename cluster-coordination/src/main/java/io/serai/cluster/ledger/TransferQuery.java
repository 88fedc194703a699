package io.serai.cluster.ledger;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** A filter as a query of the table and as a test of a row in memory. Values only ever go into parameters. */
final class TransferQuery {
    private final Ledger.TransferFilter filter;
    private final Optional<Pattern> name;
    private final List<String> conditions = new ArrayList<>();
    private final List<Object> values = new ArrayList<>();

    TransferQuery(Ledger.TransferFilter filter) {
        this.filter = filter;
        this.name = filter.name().map(TransferQuery::pattern);
        filter.party().ifPresent(party -> {
            add("(account = ? or site = ?)", party);
            values.add(party);
        });
        filter.state().ifPresent(state -> add("state = ?", TransferTable.word(state)));
        filter.kind().ifPresent(kind -> add("kind = ?", TransferTable.word(kind)));
        filter.name().ifPresent(text -> add("substring(path from '[^/]*$') like ?", like(text)));
        filter.from().ifPresent(from -> add("started_at >= ?", Timestamp.from(from)));
        filter.until().ifPresent(until -> add("started_at < ?", Timestamp.from(until)));
    }

    private void add(String condition, Object value) {
        conditions.add(condition);
        values.add(value);
    }

    List<TransferRow> run(Connection connection, int limit) throws SQLException {
        String where = conditions.isEmpty() ? "" : " where " + String.join(" and ", conditions);
        String sql =
                "select " + TransferTable.COLUMNS + " from transfer" + where + " order by started_at desc, id limit ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int index = 1;
            for (Object value : values) {
                statement.setObject(index++, value);
            }
            statement.setInt(index, limit);
            return JdbcLedger.rows(statement);
        }
    }

    boolean matches(TransferRow row) {
        String last = row.path().substring(row.path().lastIndexOf('/') + 1);
        return filter.party().map(p -> row.party().equals(Optional.of(p))).orElse(true)
                && filter.state().map(s -> s == row.state()).orElse(true)
                && filter.kind().map(k -> k == row.kind()).orElse(true)
                && name.map(p -> p.matcher(last).matches()).orElse(true)
                && filter.from().map(f -> !row.started().isBefore(f)).orElse(true)
                && filter.until().map(u -> row.started().isBefore(u)).orElse(true);
    }

    private static String like(String glob) {
        return glob.replace("\\", "\\\\")
                .replace("%", "\\%")
                .replace("_", "\\_")
                .replace('*', '%')
                .replace('?', '_');
    }

    private static Pattern pattern(String glob) {
        StringBuilder regex = new StringBuilder();
        glob.codePoints().forEach(c -> {
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> regex.append(Pattern.quote(Character.toString(c)));
            }
        });
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
