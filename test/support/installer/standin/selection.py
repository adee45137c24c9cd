"""How the installer's filters choose among devices: udev property to shell glob."""

import fnmatch


def first_match(devices, wanted):
    """Key of the first device, sorted by key, that matches any entry. None: no device does."""
    for key in sorted(devices):
        if any(matches(devices[key], name, glob) for name, glob in wanted.items()):
            return key
    return None


def all_matches(devices, wanted, mode):
    """With `all`, a property that a device does not have counts as matching: so does the real one."""
    found = []
    for key in sorted(devices):
        device = devices[key]
        if mode == "any":
            fits = any(matches(device, name, glob) for name, glob in wanted.items())
        else:
            fits = all(name not in device or matches(device, name, glob) for name, glob in wanted.items())
        if fits:
            found.append(device)
    return found


def matches(device, name, glob):
    return name in device and fnmatch.fnmatchcase(device[name], glob)
