-- What clients keep beside statements (xAPI Communication 2.2): a document is replaced in place, the last one counts.
-- owner: 16 bytes that stand for resource, activity, agent and registration together; key: 16 bytes that stand for id.
-- They are hashes because IRIs and ids may be longer than an index entry.
-- sha1: of content. updated: later than that of every other document of the owner when it was written.
CREATE TABLE document (
    tenant       integer NOT NULL,
    owner        bytea NOT NULL,
    key          bytea NOT NULL,
    resource     text NOT NULL,
    activity     text,
    agent        text,
    registration uuid,
    id           text NOT NULL,
    content_type text NOT NULL,
    content      bytea NOT NULL,
    sha1         bytea NOT NULL,
    updated      timestamptz NOT NULL,
    PRIMARY KEY (tenant, owner, key)
);
CREATE INDEX document_updated ON document (tenant, owner, updated);
