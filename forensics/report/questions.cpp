// SPDX-License-Identifier: GPL-2.0-only
#include <tuple>

#include "forensics/report/group_sums.h"
#include "forensics/report/report.h"
#include "packet/keyed_hash.h"

namespace forensics {
namespace {

// For a hash: no padding.
struct Key {
    uint64_t name;
    uint64_t server;
    uint32_t process;
    uint32_t type;
};

}  // namespace

void add_questions(Report& report, const DnsQuestions& questions, const Flows& flows) {
    const packet::KeyedHash hash;
    const auto key_of = [&](const CountedQuestion& question, const Flow& flow) {
        const Process* process = process_at(flow, question.asker);
        const Side& server = flow.sides[1U - question.asker];
        return hash(Key{hash(question.name()), hash(server.address),
                        process != nullptr ? process->number : UINT32_MAX, question.type});
    };
    GroupSums sums;
    for (size_t number = 0; number < questions.size(); ++number) {
        const CountedQuestion& question = questions[number];
        sums.add(key_of(question, flows[question.flow]), question.asked);
    }
    const auto places = sums.largest(kReportTalkers, [](const GroupSum& a, const GroupSum& b) {
        return std::tuple(a.amount, b.place) > std::tuple(b.amount, a.place);
    });
    report.question_count = sums.size();
    report.questions_left_out = questions.left_out();
    report.questions.resize(places.size());
    for (size_t number = 0; number < questions.size(); ++number) {
        const CountedQuestion& question = questions[number];
        const Flow& flow = flows[question.flow];
        const auto place = places.find(key_of(question, flow));
        if (place == places.end()) {
            continue;
        }
        ReportQuestion& row = report.questions[place->second];
        row.name = question.name();
        row.type = question.type;
        row.process = process_at(flow, question.asker);
        row.server = flow.sides[1U - question.asker].address;
        row.asked += question.asked;
        row.answered += question.answered;
        row.nonexistent += question.nonexistent;
        row.failed += question.failed;
    }
}

}  // namespace forensics
