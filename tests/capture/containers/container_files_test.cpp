// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "capture/containers/owned_file.h"
#include "pcapng/fd.h"
#include "tests/capture/containers/container_tree.h"
#include "tests/support/skip.h"

namespace {

using capture::ContainerFacts;
using capture::ContainerFiles;
using test::container_id;
using test::ContainerTree;

constexpr uid_t kAlice = 1000;  // in the tree's passwd
const ContainerFacts kNothing;

ContainerFacts find(const ContainerTree& tree, const std::string& beginning,
                    std::optional<uid_t> user = {}) {
    return ContainerFiles::open(tree.proc()).find(container_id(beginning), user);
}

// A folder that stands for "/", for read_owned_file().
class Root {
  public:
    Root() : fd_(open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
        std::filesystem::create_directories(folder_.file("a/b"));
        std::ofstream(folder_.file("a/b/file")) << "text";
    }

    std::string file(const std::string& name) const { return folder_.file(name); }
    void link(const std::string& target, const std::string& name) const {
        REQUIRE(symlink(target.c_str(), file(name).c_str()) == 0);
    }
    std::optional<std::string> read(const std::string& path, bool trusts_links = true,
                                    size_t limit = 100) const {
        const std::vector<uid_t> me{geteuid()};
        return capture::read_owned_file(fd_.get(), path, me,
                                        trusts_links ? me : std::vector<uid_t>(), limit);
    }

  private:
    test::TemporaryFolder folder_;
    pcapng::Fd fd_;
};

}  // namespace

TEST_CASE("each runtime's files name its containers") {
    const ContainerTree tree;
    CHECK(find(tree, "d0c1") == ContainerFacts{"web", "nginx:1.25", "", ""});
    CHECK(find(tree, "cd01") == ContainerFacts{"cart", "registry.example.org/store/cart:2.4",
                                               "shop-7d4b9c-x2x7p", "store"});
    CHECK(find(tree, "3501") == ContainerFacts{"dns", "docker.io/rancher/mirrored-coredns:1.10",
                                               "coredns-1", "kube-system"});
    CHECK(find(tree, "ed01") == ContainerFacts{"proxy", "", "", ""});
    CHECK(find(tree, "c710") == ContainerFacts{"coredns", "registry.k8s.io/coredns/coredns:v1.11.1",
                                               "coredns-5d7", "kube-system"});
    CHECK(find(tree, "b0d1") == ContainerFacts{"db", "docker.io/library/postgres:16", "", ""});
    CHECK(find(tree, "b0d2") == ContainerFacts{"queue", "quay.io/example/queue:latest", "", ""});
    CHECK(find(tree, "b0d3") == ContainerFacts{"once", "docker.io/library/alpine:3.19", "", ""});
    CHECK(find(tree, "b0d4") == ContainerFacts{"passing", "localhost/passing:1", "", ""});
}

TEST_CASE("in a pod a container has the name of the manifest, and a sandbox has none") {
    const ContainerTree tree;
    CHECK(find(tree, "d0c2") == ContainerFacts{"cart",
                                               "sha256:" +
                                                   [] {
                                                       std::string digest;
                                                       for (int i = 0; i < 32; ++i) {
                                                           digest += "b9";
                                                       }
                                                       return digest;
                                                   }(),
                                               "shop-7d4b9c-x2x7p", "store"});
    CHECK(find(tree, "cd02") == ContainerFacts{"", "", "shop-7d4b9c-x2x7p", "store"});
}

TEST_CASE("an id that no file has, or that is none, has no name") {
    const ContainerTree tree;
    const ContainerFiles files = ContainerFiles::open(tree.proc());
    CHECK(files.find(container_id("d0c3"), {}) == kNothing);
    const std::string known = container_id("d0c1");
    for (const std::string& id :
         {std::string(), std::string("d0c1"), known + "0", known.substr(1),
          "../containers/" + known, std::string(64, '.'), std::string(64, '/')}) {
        CHECK(files.find(id, {}) == kNothing);
    }
}

TEST_CASE("a user's runtimes name the user's containers alone, by the user's own files") {
    if (geteuid() != 0) {
        test::skip("needs root, to give files to another user");
    }
    const ContainerTree tree;
    CHECK(find(tree, "a11c", kAlice) == kNothing);  // root's files, in the user's folder
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree.root())) {
        const std::string path = entry.path();
        if (path.find("/alice") != std::string::npos || path.find("/1000") != std::string::npos) {
            REQUIRE(chown(path.c_str(), kAlice, kAlice) == 0);
        }
    }
    CHECK(find(tree, "a11c", kAlice) ==
          ContainerFacts{"notes", "docker.io/library/redis:7", "", ""});
    CHECK(find(tree, "a11d", kAlice) ==
          ContainerFacts{"brief", "docker.io/library/redis:8", "", ""});
    CHECK(find(tree, "a11e", kAlice) == ContainerFacts{"mine", "redis:6", "", ""});
    CHECK(find(tree, "a11c") == kNothing);
    CHECK(find(tree, "a11c", 1001) == kNothing);
    CHECK(find(tree, "a11c", 1002) == kNothing);  // passwd has no home
    CHECK(find(tree, "a11c", 4711) == kNothing);
    CHECK(find(tree, "d0c1", kAlice) == kNothing);

    // What the user may do to have root read something else.
    const std::string list =
        tree.root() +
        "/home/alice/.local/share/containers/storage/overlay-containers/containers.json";
    const std::string elsewhere = tree.root() + "/elsewhere.json";
    std::filesystem::rename(list, elsewhere);
    REQUIRE(symlink("/elsewhere.json", list.c_str()) == 0);
    CHECK(find(tree, "a11c", kAlice) ==
          ContainerFacts{"notes", "docker.io/library/redis:7", "", ""});  // root's link
    REQUIRE(lchown(list.c_str(), kAlice, kAlice) == 0);
    CHECK(find(tree, "a11c", kAlice) == kNothing);
}

TEST_CASE("a file that can't be a runtime's is passed over at once") {
    const ContainerTree tree;
    const std::string path = tree.docker_config(container_id("d0c1"));
    std::filesystem::remove(path);
    SECTION("a FIFO that nobody writes to") {
        REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    }
    SECTION("a folder") {
        std::filesystem::create_directory(path);
    }
    SECTION("a gibibyte") {
        std::ofstream(path) << "{";
        std::filesystem::resize_file(path, uint64_t{1} << 30);
    }
    SECTION("JSON without an end") {
        std::ofstream(path) << std::string(1 << 20, '[');
    }
    SECTION("a link to itself") {
        REQUIRE(symlink("config.v2.json", path.c_str()) == 0);
    }
    CHECK(find(tree, "d0c1") == kNothing);
    CHECK(find(tree, "d0c2").name == "cart");
}

TEST_CASE("a file is read if it is regular, small and of its owner") {
    const Root root;
    CHECK(root.read("a/b/file") == "text");
    CHECK(root.read("/a//./b/file") == "text");
    CHECK(root.read("a/../a/b/../b/file") == "text");
    CHECK(root.read("../../a/b/file") == "text");
    CHECK(root.read("a/b/file", true, 4) == "text");
    CHECK_FALSE(root.read("a/b/file", true, 3));
    CHECK_FALSE(root.read("a/b"));
    CHECK_FALSE(
        root.read("a/b/file/"
                  "more"));
    CHECK_FALSE(root.read("a/b/none"));
    CHECK_FALSE(root.read(""));
    const pcapng::Fd slash(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    CHECK_FALSE(capture::read_owned_file(slash.get(), "dev/zero", {0}, {0}, 100));
    CHECK_FALSE(capture::read_owned_file(slash.get(), root.file("a/b/file"), {geteuid() + 1},
                                         {geteuid()}, 100));
}

TEST_CASE("what a FIFO holds is not read, and stays in it") {
    const Root root;
    const std::string path = root.file("fifo");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const pcapng::Fd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader.valid());
    {
        const pcapng::Fd writer(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        REQUIRE(write(writer.get(), "text", 4) == 4);
    }
    CHECK_FALSE(root.read("fifo"));
    std::array<char, 8> left{};
    CHECK(read(reader.get(), left.data(), left.size()) == 4);
}

TEST_CASE("links of those who are trusted are followed, and stay below the root") {
    const Root root;
    root.link("b", "a/c");
    root.link("/a", "absolute");
    root.link("../../../../a/b/file", "a/b/up");
    root.link("/../etc/passwd", "out");
    root.link("round", "round");
    CHECK(root.read("a/c/file") == "text");
    CHECK(root.read("absolute/b/file") == "text");
    CHECK(root.read("absolute/c/up") == "text");
    CHECK_FALSE(root.read("out"));
    CHECK_FALSE(root.read("round"));
    CHECK_FALSE(root.read("a/c/file", false));
    CHECK_FALSE(root.read("absolute/b/file", false));
    CHECK_FALSE(root.read("a/b/up", false));
    CHECK(root.read("a/b/file", false) == "text");
}
