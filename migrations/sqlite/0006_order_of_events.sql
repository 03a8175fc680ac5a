-- Nothing to do: an index here ends with the rowid, which is eid. The other engine's version 6 brings its indexes to that.
SELECT 1;
