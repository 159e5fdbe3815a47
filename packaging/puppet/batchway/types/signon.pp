# What signs people in at Apache: `basic` leaves a place for a module of your own.
type Batchway::Signon = Enum['basic', 'shibboleth', 'openidc', 'none']
