-- Every statement whose object is a StatementRef, and what it is found by for the sake of those that it refers to.
-- stored, position, authority: as in the log. keys: its own and those of its targets (xAPI Communication 2.1.3), as in the
-- log; empty while none of them is there. Worked out from the log, so it may change.
CREATE TABLE statement_reference (
    tenant    integer NOT NULL,
    referrer  uuid NOT NULL,
    target    uuid NOT NULL,
    stored    timestamptz NOT NULL,
    position  bigint NOT NULL,
    authority integer NOT NULL,
    keys      bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, referrer)
);
CREATE INDEX statement_reference_target ON statement_reference (tenant, target, position);
CREATE INDEX statement_reference_awaited ON statement_reference (tenant, target) WHERE keys = '{}';
CREATE INDEX statement_reference_stored ON statement_reference (tenant, stored, position);
CREATE INDEX statement_reference_keys ON statement_reference
    USING gin (keys) WITH (fastupdate = on, gin_pending_list_limit = 1024);
