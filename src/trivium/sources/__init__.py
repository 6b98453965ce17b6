"""Where rows come from: files, folders, databases, object stores. Each is a stream of frames in bounded memory."""
