# An absolute path without blanks and signs that mean something elsewhere.
type Batchway::Path = Pattern[/\A\/[\w.\/+-]+\z/]
