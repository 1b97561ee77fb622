// SPDX-License-Identifier: GPL-2.0-only
//
// ContainerTree: a copy of tests/data/containers, or of another folder, as the root of process 1 of
// a /proc that holds nothing else. The copy's files belong to who runs the test.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace test {

// 64 digits that begin so.
inline std::string container_id(const std::string& beginning) {
    return beginning + std::string(64 - beginning.size(), '0');
}

class ContainerTree {
  public:
    explicit ContainerTree(const std::string& data = TEST_DATA "/containers") {
        std::filesystem::create_directories(proc() + "/1");
        std::filesystem::copy(data, root(), std::filesystem::copy_options::recursive);
    }

    std::string proc() const { return folder_.file("proc"); }
    std::string root() const { return proc() + "/1/root"; }
    std::string docker_config(const std::string& id) const {
        return root() + "/var/lib/docker/containers/" + id + "/config.v2.json";
    }
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << text;
    }

  private:
    TemporaryFolder folder_;
};

}  // namespace test
