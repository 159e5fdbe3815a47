# Name of a gateway on a host: `main` for the one without a name, else the NAME of `batchway@NAME.target`.
type Batchway::Name = Pattern[/\A[a-z][a-z0-9-]{0,30}\z/]
