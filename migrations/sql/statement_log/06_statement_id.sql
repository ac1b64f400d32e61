-- The id gate: keeps statement ids unique, for a unique index on the log would have to contain its time column.
-- digest: 16 bytes; equal digests are equivalent statements.
CREATE TABLE statement_id (
    tenant   integer NOT NULL,
    id       uuid NOT NULL,
    stored   timestamptz NOT NULL,
    position bigint NOT NULL,
    digest   bytea NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON statement_id
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON statement_id
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Raised from inside the INSERT of the gate, so that a conflict fails the whole batch atomically, races included.
CREATE FUNCTION statement_conflict(conflicting uuid) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'statement % is already stored with other content', conflicting
        USING ERRCODE = 'LR409', DETAIL = conflicting::text;
END $$;
