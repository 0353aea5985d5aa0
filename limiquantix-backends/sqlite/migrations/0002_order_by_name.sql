-- Lists of a project in the order of names: one range of one index, however large the other projects are. With it the
-- names of a kind in order are found through object_by_name.
CREATE INDEX object_by_project_name ON object (kind, project, name, id, phase)
    WHERE project IS NOT NULL AND name IS NOT NULL;
