-- What an outline that is set may give a course.
CREATE INDEX fact_of_no_course ON fact (tenant, activity) WHERE placement IN ('registration', 'unassigned', 'outline');
