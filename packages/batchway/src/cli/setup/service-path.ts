/** Where services look for commands: units are written with it, and rules with what is found on it. */
export const servicePath = '/usr/local/bin:/usr/bin:/bin'
