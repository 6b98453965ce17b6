-- Short texts by content, such as the result of a task, stored in the transaction of the fact that names them.

CREATE TABLE small_blobs (digest TEXT PRIMARY KEY, data TEXT NOT NULL, at TEXT NOT NULL);
