-- Which statement is voided by which (xAPI Data 2.3.2). A voiding statement that is itself a target stays in force.
CREATE TABLE statement_void (
    tenant   integer NOT NULL,
    voided   uuid NOT NULL,
    position bigint NOT NULL,
    voiding  uuid NOT NULL,
    PRIMARY KEY (tenant, voided, position)
);
CREATE INDEX statement_void_position ON statement_void (position);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON statement_void
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON statement_void
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
