//! Provider std: values, random things, files, commands, keys, time
