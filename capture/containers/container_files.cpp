// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "capture/containers/container_json.h"
#include "capture/containers/owned_file.h"
#include "capture/processes/container.h"
#include "packet/comment.h"

namespace capture {
namespace {

using pcapng::Fd;

// A container's configuration has some 10 KiB, the list of a storage some 700 bytes a container.
constexpr size_t kMaxFile = size_t{2} << 20;

// containers/storage names a folder by its driver.
constexpr std::array<std::string_view, 4> kDrivers = {"overlay", "vfs", "btrfs", "zfs"};

// Docker's folders, its own and that of its snap.
constexpr std::array<std::string_view, 2> kDocker = {"var/lib/docker",
                                                     "var/snap/docker/common/var-lib-docker"};

// containerd's folders of running containers, its own and that of k3s, by the namespaces of
// Kubernetes and of nerdctl.
constexpr std::array<std::string_view, 3> kContainerd = {
    "run/containerd/io.containerd.runtime.v2.task/k8s.io",
    "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
    "run/containerd/io.containerd.runtime.v2.task/default"};

// Reads the files of one user's runtimes below one root.
class Reader {
  public:
    Reader(int root, const std::vector<uid_t>& owners, const std::vector<uid_t>& trusted)
        : root_(root), owners_(owners), trusted_(trusted) {}

    std::optional<std::string> read(const std::string& path) const {
        return read_owned_file(root_, path, owners_, trusted_, kMaxFile);
    }

    ContainerFacts docker(std::string_view folder, std::string_view id) const {
        const auto config = read(fmt::format("{}/containers/{}/config.v2.json", folder, id));
        return config ? read_docker_config(*config, id) : ContainerFacts();
    }

    ContainerFacts bundle(const std::string& folder) const {
        const auto config = read(folder + "/config.json");
        return config ? read_oci_config(*config) : ContainerFacts();
    }

    // `lists` is where the list is of containers that end with the machine (podman run --rm).
    ContainerFacts storage(std::string_view folder, std::string_view lists,
                           std::string_view id) const {
        for (const std::string_view driver : kDrivers) {
            const std::string containers = fmt::format("{}/{}-containers", folder, driver);
            ContainerFacts facts = bundle(fmt::format("{}/{}/userdata", containers, id));
            for (const std::string& list :
                 {containers + "/containers.json", containers + "/volatile-containers.json",
                  fmt::format("{}/{}-containers/volatile-containers.json", lists, driver)}) {
                if (!facts.name.empty()) {
                    break;
                }
                if (const auto text = read(list)) {
                    add(facts, read_storage_list(*text, id));
                }
            }
            if (facts != ContainerFacts()) {
                return facts;
            }
        }
        return {};
    }

  private:
    static void add(ContainerFacts& facts, ContainerFacts&& more) {
        facts.name = std::move(more.name);
        if (facts.image.empty()) {
            facts.image = std::move(more.image);
        }
    }

    int root_;
    const std::vector<uid_t>& owners_;
    const std::vector<uid_t>& trusted_;
};

ContainerFacts find_system(const Reader& reader, std::string_view id) {
    ContainerFacts facts;
    const auto found = [&facts](ContainerFacts&& read) {
        facts = std::move(read);
        return facts != ContainerFacts();
    };
    const bool known =
        std::any_of(kContainerd.begin(), kContainerd.end(),
                    [&](std::string_view folder) {
                        return found(reader.bundle(fmt::format("{}/{}", folder, id)));
                    }) ||
        std::any_of(kDocker.begin(), kDocker.end(),
                    [&](std::string_view folder) { return found(reader.docker(folder, id)); }) ||
        found(reader.storage("var/lib/containers/storage", "run/containers/storage", id));
    return known ? facts : ContainerFacts();
}

ContainerFacts find_users(const Reader& reader, const std::string& home, uid_t user,
                          std::string_view id) {
    ContainerFacts facts = reader.storage(home + "/.local/share/containers/storage",
                                          fmt::format("run/user/{}/containers", user), id);
    return facts != ContainerFacts() ? facts : reader.docker(home + "/.local/share/docker", id);
}

// Returns the user's home in the text of a passwd file (passwd(5)), or an empty string. The modules
// of the user database aren't asked: they run any code, and here it would read any file.
std::string home_of(std::string_view passwd, uid_t user) {
    while (!passwd.empty()) {
        std::string_view line = passwd.substr(0, passwd.find('\n'));
        passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
        std::array<std::string_view, 6> fields;  // name, password, uid, gid, comment, home
        for (std::string_view& field : fields) {
            field = line.substr(0, line.find(':'));
            line.remove_prefix(std::min(field.size() + 1, line.size()));
        }
        if (packet::parse_number<uint32_t>(fields[2]) == user && fields[5].starts_with('/')) {
            return std::string(fields[5]);
        }
    }
    return {};
}

// Returns true if both are one file, and may be looked at.
bool are_one(const std::string& one, const std::string& other) {
    struct stat first {};
    struct stat second {};
    return stat(one.c_str(), &first) == 0 && stat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

ContainerFiles ContainerFiles::open(const std::string& proc_root) {
    std::vector<Fd> roots;
    const auto add = [&roots](const std::string& path) {
        Fd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (root.valid()) {
            roots.push_back(std::move(root));
        }
    };
    add("/");
    if (!are_one(proc_root + "/1/ns/mnt", proc_root + "/self/ns/mnt")) {
        add(proc_root + "/1/root");
    }
    return {std::move(roots), {0, geteuid()}};
}

ContainerFacts ContainerFiles::find(std::string_view id, std::optional<uid_t> user) const {
    if (!is_container_id(id)) {
        return {};
    }
    const std::vector<uid_t> owners = user ? std::vector<uid_t>{*user} : trusted_;
    for (const Fd& root : roots_) {
        ContainerFacts facts;
        if (!user) {
            facts = find_system(Reader(root.get(), owners, trusted_), id);
        } else if (const auto passwd =
                       read_owned_file(root.get(), "etc/passwd", trusted_, trusted_, kMaxFile)) {
            if (const std::string home = home_of(*passwd, *user); !home.empty()) {
                facts = find_users(Reader(root.get(), owners, trusted_), home, *user, id);
            }
        }
        if (facts != ContainerFacts()) {
            return facts;
        }
    }
    return {};
}

}  // namespace capture
