-- What time it is for the rules that depend on time: the latest clock event of the log.
CREATE TABLE clock (
    tenant integer PRIMARY KEY,
    now    timestamptz NOT NULL
);
