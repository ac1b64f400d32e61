-- What one learner has played of one video or audio. segments and plays are JSON. docs/read-models.md, section 11.
CREATE TABLE media_coverage (
    tenant     integer NOT NULL,
    course     uuid NOT NULL,
    person     uuid NOT NULL,
    node       uuid NOT NULL,
    length     double precision,
    fraction   double precision NOT NULL,
    source     text NOT NULL,
    segments   text NOT NULL,
    plays      text NOT NULL,
    statements integer NOT NULL,
    PRIMARY KEY (tenant, course, person, node)
);
CREATE INDEX media_coverage_of_node ON media_coverage (tenant, course, node, person);
