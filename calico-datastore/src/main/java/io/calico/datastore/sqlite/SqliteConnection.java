package io.calico.datastore.sqlite;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One connection and its prepared statements. Confined to one thread at a time. Throws SQLite's errors as they are. */
final class SqliteConnection implements AutoCloseable {
    private final Connection connection;
    private final Map<String, PreparedStatement> prepared = new HashMap<>();

    SqliteConnection(Connection connection) {
        this.connection = connection;
    }

    /** Turns a row of a result into a value. */
    @FunctionalInterface
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Something done within a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws SQLException;
    }

    /** Runs a statement that is needed once: a pragma, a table. */
    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** All rows of a query. */
    <T> List<T> query(String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        try (ResultSet result = bound(sql, parameters).executeQuery()) {
            List<T> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(row.read(result));
            }
            return rows;
        }
    }

    /** The first row of a query, if there is one. */
    <T> Optional<T> queryFirst(String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        try (ResultSet result = bound(sql, parameters).executeQuery()) {
            return result.next() ? Optional.of(row.read(result)) : Optional.empty();
        }
    }

    /** The number that a query of one number answers; SQL's null, as of an empty {@code min}, is 0. */
    long queryNumber(String sql, @Nullable Object... parameters) throws SQLException {
        return queryFirst(sql, row -> row.getLong(1), parameters)
                .orElseThrow(() -> new SQLException("no row for " + sql));
    }

    /** The rows of a query one by one, until the sink has enough. */
    void queryEach(String sql, Row<Boolean> wantsMore, @Nullable Object... parameters) throws SQLException {
        try (ResultSet result = bound(sql, parameters).executeQuery()) {
            boolean more = true;
            while (more && result.next()) {
                more = wantsMore.read(result);
            }
        }
    }

    /** Executes a write; how many rows it changed. */
    int update(String sql, @Nullable Object... parameters) throws SQLException {
        return bound(sql, parameters).executeUpdate();
    }

    /** Runs the work between two statements; the second is {@code ROLLBACK} if it throws. */
    <T> T inTransaction(String begin, Work<T> work, String end) throws SQLException {
        bound(begin).execute();
        T result;
        try {
            result = work.run();
        } catch (SQLException | RuntimeException e) {
            try {
                bound("ROLLBACK").execute();
            } catch (SQLException rollback) {
                // Some errors have rolled back already.
                e.addSuppressed(rollback);
            }
            throw e;
        }
        bound(end).execute();
        return result;
    }

    /** Reads in one snapshot. */
    <T> T inSnapshot(Work<T> work) throws SQLException {
        return inTransaction("BEGIN", work, "COMMIT");
    }

    private PreparedStatement bound(String sql, @Nullable Object... parameters) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
        }
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
