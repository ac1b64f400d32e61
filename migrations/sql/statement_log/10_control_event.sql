-- The log beside the statements: clock events now; outlines, rules and merges later. One order with the statements.
CREATE TABLE control_event (
    position bigint PRIMARY KEY,
    tenant   integer NOT NULL,
    recorded timestamptz NOT NULL,
    kind     text NOT NULL,
    payload  json NOT NULL
);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON control_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON control_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
