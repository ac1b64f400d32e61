-- Statements whose keys may not have come yet to all that refer to them; they hold back what the log claims to be whole.
-- stored: nothing that is stored before is concerned. after: the position up to which referrers have been served.
-- mark: a transaction id; all have been served once, and shall be again when every transaction below it has ended.
CREATE TABLE reference_unsettled (
    tenant integer NOT NULL,
    id     uuid NOT NULL,
    stored timestamptz NOT NULL,
    after  bigint NOT NULL DEFAULT 0,
    mark   bigint,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX reference_unsettled_stored ON reference_unsettled (stored);
