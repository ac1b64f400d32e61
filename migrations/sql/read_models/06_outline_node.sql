-- A course's outline as its statements show it. docs/read-models.md, sections 4 and 5.
CREATE TABLE outline_node (
    tenant   integer NOT NULL,
    course   uuid NOT NULL,
    node     uuid NOT NULL,
    iri      text NOT NULL,
    type     text,
    title    text,
    kind     text NOT NULL,
    parent   uuid,
    rule     text NOT NULL,
    required boolean NOT NULL,
    graded   boolean NOT NULL,
    PRIMARY KEY (tenant, course, node)
);
