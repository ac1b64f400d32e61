-- History that was loaded was stored earlier than readers of the log would look: of the statements up to `position`, and
-- above that of the row before, the first was stored then. A load is one stretch of the log, so there is no tenant in
-- the key.
CREATE TABLE loaded_past (
    position bigint PRIMARY KEY,
    stored   timestamptz NOT NULL
);
