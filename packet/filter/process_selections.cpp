// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_selections.h"

namespace packet {
namespace {

struct NoTrees : ProcessTrees {
    bool contains(const ProcessReference& /*root*/, const Process& /*process*/) const override {
        return false;
    }
};

}  // namespace

void ProcessSelections::see(const Process& process) {
    if (unmatched_.empty()) {
        return;
    }
    const ProcessSubject subject{&process, process.uid, process.gid, process.user};
    std::erase_if(unmatched_, [&](const ProcessSelection& selection) {
        return selection.expression.evaluate(subject, NoTrees()) == Truth::kTrue;
    });
}

std::vector<std::string> ProcessSelections::unmatched() const {
    std::vector<std::string> options;
    options.reserve(unmatched_.size());
    for (const ProcessSelection& selection : unmatched_) {
        options.push_back(selection.option);
    }
    return options;
}

}  // namespace packet
