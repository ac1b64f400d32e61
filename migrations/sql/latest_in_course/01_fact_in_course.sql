-- The last statements of a course, however long ago, and however many came since in other courses.
CREATE INDEX fact_in_course ON fact (tenant, course, position) WHERE voided_position IS NULL;
