//! An applicant is answered once.

use multiserver_core::join::{Answer, Applicant};

fn answer_twice(applicant: Applicant) {
    let _ = applicant.answer(Answer::Joined);
    let _ = applicant.answer(Answer::Spent);
}

fn main() {}
