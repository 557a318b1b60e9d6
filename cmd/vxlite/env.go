package main

// lookup finds an environment variable.
type lookup = func(name string) (value string, ok bool)

// withHome gives HOME a value on Windows, where it rarely has one: everything
// below looks for the user's files there, as git and ssh do.
func withHome(env lookup, goos string) lookup {
	if goos != "windows" {
		return env
	}
	return func(name string) (string, bool) {
		value, ok := env(name)
		if name == "HOME" && value == "" {
			return env("USERPROFILE")
		}
		return value, ok
	}
}
